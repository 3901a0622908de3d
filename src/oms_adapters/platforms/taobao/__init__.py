"""Taobao and Tmall (淘宝/天猫) by the TOP gateway."""
