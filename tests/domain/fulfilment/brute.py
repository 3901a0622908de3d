"""Sourcing once more, the slow way: every plan there is, each scored from the words of the rules. For small orders.

Written apart from the search: it shares the values with it, and none of its reckoning.
"""

from datetime import timedelta
from itertools import product

from oms_domain.fulfilment.carriers import CarrierRule
from oms_domain.fulfilment.sourcing import RuleName, SplitPolicy, metres_between


def best_score(case, at):
    """The lowest score by stage over all plans, None if there is no plan."""
    scores = [score for plan in plans(case) if (score := scored(case, plan, at)) is not None]
    if case.strategy.split is SplitPolicy.WHEN_NEEDED and any(count == 1 for count, _ in scores):
        scores = [each for each in scores if each[0] == 1]
    return min((score for _, score in scores), default=None)


def plans(case):
    """Every way to hand out the units of every line that stock and the split policy allow."""
    open_places = [place for place in case.places if is_open(case, place)]
    codes = [place.code for place in open_places]
    stock = {(place.code, each.sku): each.units for place in open_places for each in place.holdings}
    most = 1 if case.strategy.split is SplitPolicy.NEVER else case.strategy.most_places
    lines = case.demand.lines
    for way in product(*(ways(line.quantity, len(codes), case.strategy.split_lines) for line in lines)):
        plan = {
            (line.id, code): units
            for line, row in zip(lines, way, strict=True)
            for code, units in zip(codes, row, strict=True)
            if units
        }
        sums = {}
        for line in lines:
            for code in codes:
                key = (code, line.sku)
                sums[key] = sums.get(key, 0) + plan.get((line.id, code), 0)
        if all(units <= stock.get(key, 0) for key, units in sums.items()) and len({code for _, code in plan}) <= most:
            yield plan


def ways(units, places, may_split):
    if places == 0:
        return []
    if not may_split:
        return [tuple(units if at == chosen else 0 for at in range(places)) for chosen in range(places)]
    return [row for row in product(range(units + 1), repeat=places) if sum(row) == units]


def is_open(case, place):
    demand = case.demand
    has_manual = any(rule.name == "manual" for stage in case.strategy.chain for rule in stage)
    return (
        place.active
        and (demand.place is None or has_manual or demand.place == place.code)
        and (not place.shops or demand.shop in place.shops)
        and serves(place.regions, demand.destination.division)
    )


def serves(regions, code):
    marks = [(len(each), True) for each in regions.served if code.startswith(each)]
    marks += [(len(each), False) for each in regions.but_not if code.startswith(each)]
    return bool(marks) and max(marks)[1]


def scored(case, plan, at):
    """How many places ship, and the score by stage; None where no carrier takes what a place is to ship."""
    places = {place.code: place for place in case.places}
    shipped = {}
    for code in sorted({code for _, code in plan}):
        lines = [(line, plan[line.id, code]) for line in case.demand.lines if (line.id, code) in plan]
        offer = carried(case, places[code], lines, at)
        if offer is None:
            return None
        shipped[code] = (lines, *offer)
    return len(shipped), tuple(
        sum(rule.weight * value(case, rule, shipped, places, at) for rule in stage) for stage in case.strategy.chain
    )


def value(case, rule, shipped, places, at):
    demand = case.demand
    units = {code: sum(count for _, count in lines) for code, (lines, *_) in shipped.items()}
    match rule.name:
        case RuleName.FEWEST_PARCELS:
            return sum(parcels for _, parcels, _, _ in shipped.values())
        case RuleName.CHEAPEST_FREIGHT:
            return sum(fen for _, _, fen, _ in shipped.values())
        case RuleName.LOWEST_PROMISE:
            today = at.astimezone(demand.zone).date()
            return max(max((day - today).days, 0) for *_, day in shipped.values())
        case RuleName.NEAREST:
            to = demand.destination.point
            return sum(
                (20_015_115 if places[code].point is None else metres_between(places[code].point, to)) if to else 0
                for code in shipped
            )
        case RuleName.TIERS:
            listed = {tier: at for at, tier in enumerate(rule.tiers)}
            return sum(count * listed.get(places[code].tier, len(listed)) for code, count in units.items())
        case RuleName.REGION_PRIORITY:
            fitting = [each for each in rule.regions if demand.destination.division.startswith(each.region)]
            order = sorted(fitting, key=lambda each: len(each.region))[-1].places if fitting else ()
            return sum(count * [*order, code].index(code) for code, count in units.items())
        case RuleName.OWN_WAREHOUSE:
            return sum(count for code, count in units.items() if demand.shop not in places[code].shops)
        case RuleName.MANUAL:
            return sum(count for code, count in units.items() if demand.place and code != demand.place)
        case RuleName.STOCK_BALANCE:
            held = {(place.code, each.sku): each.units for place in case.places for each in place.holdings}
            return sum(
                count * (10_000 // held[code, line.sku])
                for code, (lines, *_) in shipped.items()
                for line, count in lines
            )
    raise AssertionError(rule)


def carried(case, place, lines, at):
    """Parcels, freight and day of arrival with the carrier that is chosen; None: nobody takes it."""
    wishes, found = case.demand.wishes, []
    for carrier in case.carriers:
        contract = next((each for each in place.contracts if each.carrier == carrier.code), None)
        tariff = contract and (contract.tariff or carrier.tariff)
        to, origin = case.demand.destination.division, place.division
        rate = tariff and row(tariff.rates, origin, to)
        transit = row(carrier.transit, origin, to)
        is_out = (
            not rate
            or not transit
            or not carrier.active
            or (wishes.allowed is not None and carrier.code not in wishes.allowed)
            or not serves(carrier.regions, to)
            or any(line.marks & carrier.refuses for line, _ in lines)
        )
        parcels = None if is_out else packed(lines, carrier.limits)
        if not parcels:
            continue
        fen = sum(price(tariff, rate, weight, volume) for weight, volume in parcels)
        rank = wishes.priority.index(carrier.code) if carrier.code in wishes.priority else len(wishes.priority)
        day = arrival(place.hours, transit.days, carrier.delivers, at)
        keys = {CarrierRule.PRIORITY: rank, CarrierRule.CHEAPEST: fen, CarrierRule.FASTEST: day}
        found.append((*(keys[rule] for rule in case.strategy.carriers), carrier.code, (len(parcels), fen, day)))
    return min(found)[-1] if found else None


def row(rows, origin, to):
    fitting = [each for each in rows if origin.startswith(each.origin) and to.startswith(each.destination)]
    return sorted(fitting, key=lambda each: (len(each.destination), len(each.origin)))[-1] if fitting else None


def packed(lines, limits):
    """First fit, unit by unit, the heaviest and bulkiest first."""
    units = sorted(
        ((line.weight_g, line.volume_cm3) for line, count in lines for _ in range(count)), key=lambda u: (-u[0], -u[1])
    )
    boxes = []
    for weight, volume in units:
        for box in [*boxes, None]:
            if box is None:
                boxes.append(box := [0, 0])
            fits = limits.weight_g is None or box[0] + weight <= limits.weight_g
            if fits and (limits.volume_cm3 is None or box[1] + volume <= limits.volume_cm3):
                box[0] += weight
                box[1] += volume
                break
        else:
            return None
    return boxes if len(boxes) <= 50 else None


def price(tariff, rate, weight, volume):
    if tariff.divisor:
        while weight * tariff.divisor < volume * 1000:
            weight += 1
    fen = rate.first_fen
    weight -= rate.first_g
    while weight > 0:
        fen, weight = fen + rate.next_fen, weight - rate.next_g
    return fen


def arrival(hours, transit_days, delivers, at):
    local = at.astimezone(hours.zone)
    day = local.date()
    while not hours.calendar.works(day) or (day == local.date() and local.time() > hours.cut_off):
        day += timedelta(days=1)
    for calendar, days in ((hours.calendar, hours.handling_days), (delivers, transit_days)):
        while days:
            day += timedelta(days=1)
            days -= calendar.works(day)
    return day
