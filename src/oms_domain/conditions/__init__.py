"""Conditions (条件): trees of plain tests over declared fields, which say what matched and why something did not.

Review, interception, split triggers and gift strategies use one engine, each with a catalogue of its own fields.
"""
