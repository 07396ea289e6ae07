# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`lab status`: the whole lab on one screen."""

from __future__ import annotations

import time
from typing import Any

from labctl import control, databases, evidence, truth
from labctl.api import Api
from labctl.errors import LabError
from labctl.layout import ACME, BETA, ENGINE_HOSTS, NUMBERS, Number, Topology
from labctl.screen import Paint, duration, phone, size, table
from labctl.session import Session

RATE_SECONDS = 30


def gather(session: Session) -> dict[str, Any]:
    """What the screen shows: the truth, and beside it traffic and ledger."""
    lab, state = session.lab, session.state
    seen = truth.gather(lab, state)
    seen["host_at"] = {address: host for host, address in seen["addresses"].items()}
    seen["health"] = {number.key: _health(session, number, seen) for number in NUMBERS}
    seen["traffic"] = {"running": seen["hosts"]["traffic"] == "running"}
    since = time.time() - RATE_SECONDS
    try:
        for direction in ("outbound", "inbound"):
            messages = [
                control.network(state, f"/{direction}?number={number.wa_id}&since={since}") for number in NUMBERS
            ]
            seen["traffic"][direction] = sum(len(part) for part in messages) / RATE_SECONDS
        seen["ledger"] = {number.key: evidence.ledger(lab, number) for number in NUMBERS}
    except LabError as error:
        seen["ledger"] = {number.key: {"error": f"{error.tried}: {error.found}"} for number in NUMBERS}
    return seen


def _health(session: Session, number: Number, seen: dict[str, Any]) -> dict[str, Any]:
    """The health answer of the client on the host where the number is connected."""
    known = seen["network"]["state"].get("numbers", {}).get(number.wa_id, {})
    places = {seen["host_at"].get(slot["peer"]) for slot in known.get("slots", {}).values()} & set(ENGINE_HOSTS)
    if len(places) != 1:
        return {}
    key = {"Authorization": f"Apikey {session.secrets[f'{number.key}_api_key']}"}
    answer = Api(session.state.port(places.pop(), number.api_port)).call("GET", "/v1/health", headers=key)
    if answer.status != 200:
        return {"error": f"health: {answer.describe()}"}
    health: dict[str, Any] = answer.document["health"]
    return health


def render(seen: dict[str, Any], paint: Paint) -> str:
    """The screen."""
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seen["time"]))
    topology = Topology(**seen["topology"]).describe()
    engine = seen["engine"]
    lines = [f"{paint('bold', seen['lab'])}  {paint('dim', f'{moment}, number A: {topology}, {engine}')}", ""]
    lines += _hosts(seen, paint)
    lines += [
        paint("bold", "Connections"),
        *(line for number in NUMBERS for line in _connections(number, seen, paint)),
        "",
    ]
    lines += [paint("bold", "Containers"), *_containers(seen, paint), ""]
    lines += [paint("bold", "Databases"), *_databases(seen, paint), ""]
    lines += [paint("bold", "Traffic"), f"  {_traffic(seen['traffic'], paint)}", ""]
    lines += [
        paint("bold", "Ledger"),
        *(f"  {number.title:<13} {_ledger(seen['ledger'][number.key], paint)}" for number in NUMBERS),
    ]
    return "\n".join(lines)


def _hosts(seen: dict[str, Any], paint: Paint) -> list[str]:
    off = [f"{host} is {state}" for host, state in seen["hosts"].items() if state != "running" and host != "traffic"]
    return [f"  {paint('red', '; '.join(off))}", ""] if off else []


def _connections(number: Number, seen: dict[str, Any], paint: Paint) -> list[str]:
    """Where a number is connected as the network sees it, and below it what the client's own health answer says."""
    title = f"{number.title:<13} {phone(number.wa_id)}"
    network = seen["network"]["state"]
    if "error" in network:
        return [f"  {title}  {paint('red', network['error'])}"]
    known = network["numbers"].get(number.wa_id)
    if known is None or not known["registered"]:
        return [f"  {title}  {paint('yellow', 'not registered')}"]
    slots = known["slots"]
    if not slots:
        return [f"  {title}  {paint('red', 'not connected')}, {known['queued']} messages wait"]
    places = sorted({seen["host_at"].get(slot["peer"], slot["peer"]) for slot in slots.values()})
    since = duration(seen["time"] - max(slot["since"] for slot in slots.values()))
    where = paint("cyan" if len(places) == 1 else "red", " and ".join(places))
    return [
        f"  {title}  {paint('green', 'connected')} on {where} for {since}",
        *_nodes(seen["health"].get(number.key, {}), slots, paint),
    ]


def _nodes(health: dict[str, Any], slots: dict[str, Any], paint: Paint) -> list[str]:
    """One line a node of a client that has several."""
    if "error" in health:
        return [f"    {paint('red', health['error'])}"]
    if "gateway_status" in health:
        return []
    slot_of = {slot["node"]: f"slot {name}" for name, slot in slots.items()}
    rows = [
        [name.split(":")[0], node.get("role", ""), node.get("gateway_status", "error"), slot_of.get(name, "")]
        for name, node in sorted(health.items())
    ]
    return [line if " connected" in line else paint("dim", line) for line in table(rows, indent=4)] if rows else []


def _containers(seen: dict[str, Any], paint: Paint) -> list[str]:
    rows, errors = [], []
    for host in ENGINE_HOSTS:
        found = seen["containers"][host]
        if isinstance(found, dict):
            errors.append(_error(host, found, paint))
            continue
        if not found:
            rows.append([host, "none", "", ""])
        for container in sorted(found, key=lambda container: str(container["name"])):
            networks = "" if container["networks"] else ", no network"
            policy = f"restart {container['restart_policy']}{networks}"
            rows.append([host, container["name"], container["status"], policy])
    lines = table(rows) if rows else []
    return [line if " running " in line or " none" in line else paint("yellow", line) for line in lines] + errors


def _databases(seen: dict[str, Any], paint: Paint) -> list[str]:
    rows, errors = [], []
    for server, title in (("db-old", "db-old"), ("beta", f"{BETA.project} on old"), ("db-new", "db-new")):
        found = seen["databases"][server]
        if isinstance(found, dict):
            errors.append(_error(title, found, paint))
            continue
        shown = [database for database in found if _is_clients(database)]
        total = sum(database["size"] for database in shown)
        biggest = sorted(shown, key=lambda database: int(database["size"]), reverse=True)[:3]
        names = ", ".join(f"{database['name']} {size(database['size'])}" for database in biggest)
        rows.append([title, f"{len(shown)} databases, {size(total)}" if shown else "empty", names])
    return (table(rows) if rows else []) + errors


def _is_clients(database: dict[str, Any]) -> bool:
    name, owner = str(database["name"]), str(database["owner"])
    return name.startswith((ACME.prefix, BETA.prefix)) and owner != databases.FOREIGN_OWNER


def _error(title: str, found: dict[str, Any], paint: Paint) -> str:
    """The first line of what went wrong is enough for a screen."""
    return f"  {title}  {paint('red', found['error'].splitlines()[0])}"


def _traffic(traffic: dict[str, Any], paint: Paint) -> str:
    running = paint("green", "running") if traffic["running"] else paint("dim", "stopped")
    if "inbound" not in traffic:
        return running
    rates = f"{traffic['outbound']:.1f} out and {traffic['inbound']:.1f} in per second"
    return f"{running}; in the last {RATE_SECONDS} s {rates}"


def _ledger(ledger: dict[str, Any], paint: Paint) -> str:
    if "error" in ledger:
        return paint("red", ledger["error"])
    verdict = paint("green", "balanced") if ledger["balanced"] else paint("red", "does not balance")
    return f"{verdict}: {evidence.sentence(ledger)}"
