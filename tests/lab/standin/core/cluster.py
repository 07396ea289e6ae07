# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes, the masters' lease and the shard map in clusterStore. The timing is documented, the tables are ours [P]."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import delete

from standin.common.environment import Environment
from standin.stores.cluster import Lease, Node, ShardOwner
from standin.stores.database import Databases

LEASE = "primary_master"


@dataclass(frozen=True)
class Role:
    """What this node is at the moment. ``slot`` is what it connects on, None for a spare or a secondary master."""

    name: str
    slot: int | None


class Cluster:
    def __init__(self, environment: Environment, databases: Databases):
        self._environment = environment
        self._databases = databases

    def tick(self, status: str, shards: int, unhealthy: int, registered: bool) -> Role:
        """One heartbeat: says that this node lives and works out what it has to do."""
        env = self._environment
        if not env.multiconnect:
            return Role("coreapp", 0)
        now = time.time()
        with self._databases.session("clusterStore") as session:
            session.merge(
                Node(name=env.node, hostname=env.node_hostname, master=env.master, status=status, heartbeat=now)
            )
        if not env.master:
            with self._databases.session("clusterStore") as session:
                owned = session.query(ShardOwner).filter_by(node=env.node).first()
                return Role("coreapp", None if owned is None else owned.shard)
        if not self._lead(now, unhealthy):
            return Role("secondary_master", None)
        self._assign(now, shards, unhealthy)
        return Role("primary_master", -1 if registered and shards > 1 else None)

    def _lead(self, now: float, unhealthy: int) -> bool:
        with self._databases.session("clusterStore") as session:
            lease = session.get(Lease, LEASE, with_for_update=True)
            if lease is None:
                session.add(Lease(name=LEASE, holder=self._environment.node, renewed=now))
                return True
            if lease.holder == self._environment.node or lease.renewed < now - unhealthy:
                lease.holder, lease.renewed = self._environment.node, now
                return True
            return False

    def _assign(self, now: float, shards: int, unhealthy: int) -> None:
        """Gives every shard that has no living owner to a spare."""
        with self._databases.session("clusterStore") as session:
            session.execute(delete(Node).where(Node.heartbeat < now - unhealthy))
            coreapps = session.query(Node).filter_by(master=False).all()
            alive = {node.name for node in coreapps}
            # A node that was kicked keeps its shard: another client has it, and a spare must not kick that one in turn.
            kicked = {node.name for node in coreapps if node.status == "kicked"}
            owners = {owner.shard: owner for owner in session.query(ShardOwner)}
            for shard, owner in list(owners.items()):
                if owner.node not in alive or shard >= shards:
                    session.delete(owner)
                    del owners[shard]
            session.flush()
            spare = sorted(alive - kicked - {owner.node for owner in owners.values()})
            for shard in range(shards):
                if shard not in owners and spare:
                    session.add(ShardOwner(shard=shard, node=spare.pop(0)))

    def leave(self) -> None:
        """A node that stops in order gives everything back at once."""
        if not self._environment.multiconnect:
            return
        node = self._environment.node
        with self._databases.session("clusterStore") as session:
            session.execute(delete(ShardOwner).where(ShardOwner.node == node))
            session.execute(delete(Node).where(Node.name == node))
            session.execute(delete(Lease).where(Lease.holder == node))

    def counts(self) -> tuple[int, int]:
        """Masters and coreapps that live now."""
        with self._databases.session("clusterStore") as session:
            nodes = list(session.query(Node))
        return sum(n.master for n in nodes), sum(not n.master for n in nodes)
