# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API users and their tokens, in waweb."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import jwt
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from standin.common.environment import Environment
from standin.common.errors import ApiError
from standin.common.times import now
from standin.stores.database import Databases
from standin.stores.web import Token, User
from standin.web import passwords

LIFETIME = 7 * 24 * 3600  # seconds; documented
ADMIN, DEFAULT_PASSWORD = "admin", "secret"


@dataclass(frozen=True)
class Account:
    username: str
    admin: bool


@dataclass(frozen=True)
class Issued:
    token: str
    expires_after: str


def signing_key(environment: Environment) -> str:
    """Where the key lives when the variable is not set is unknown; here in a file of the container [P]."""
    if environment.jwt_key:
        return environment.jwt_key
    path = Path("/var/lib/whatsapp/jwt.key")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_hex(32))
        path.chmod(0o600)
    return path.read_text()


class Users:
    def __init__(self, databases: Databases, key: str):
        self._databases = databases
        self._key = key

    def create_admin(self) -> None:
        """The account of a fresh client; its password must be changed at the first login."""
        with self._databases.session("waweb") as session:
            if session.scalar(select(User.id).where(User.username == ADMIN)) is None:
                salt, hashed = passwords.new_hash(DEFAULT_PASSWORD)
                session.add(
                    User(
                        username=ADMIN,
                        role="ROLE_ADMIN",
                        salt=salt,
                        password_hash=hashed,
                        must_change=True,
                        created=now(),
                    )
                )

    # -- login --------------------------------------------------------------------------------------------------------

    def login(self, username: str, password: str, new_password: object = None) -> Issued | None:
        """None for wrong credentials; raises 1024 while the default password stands, 1009 for a weak new one."""
        with self._databases.session("waweb") as session:
            user = session.query(User).filter_by(username=username).one_or_none()
            if user is None or not passwords.matches(password, user.salt, user.password_hash):
                return None
            if new_password is not None:
                user.salt, user.password_hash = passwords.new_hash(passwords.check(new_password))
                user.must_change = False
            elif user.must_change:
                raise ApiError(1024, "Password must be changed", headers={"WWW-Authenticate": 'Basic realm="Secured"'})
            issued = int(time.time())
            claims = {"user": username, "iat": issued, "exp": issued + LIFETIME, "wa:rand": secrets.token_hex(16)}
            token = jwt.encode(claims, self._key, algorithm="HS256", headers={"typ": "JWT"})
            expires = datetime.fromtimestamp(issued + LIFETIME, UTC)
            session.add(
                Token(
                    user_id=user.id, digest=_digest(token), issued=datetime.fromtimestamp(issued, UTC), expires=expires
                )
            )
            return Issued(token, expires.strftime("%Y-%m-%d %H:%M:%S+00:00"))

    def authenticate(self, token: str) -> Account | None:
        """A token counts only while its row exists and the signature fits this Webapp's key."""
        try:
            jwt.decode(token, self._key, algorithms=["HS256"])
        except jwt.ExpiredSignatureError:
            self.logout(token)  # documented: removed when it is presented after its expiry
            return None
        except jwt.InvalidTokenError:
            return None
        with self._databases.session("waweb") as session:
            query = select(User).join(Token, Token.user_id == User.id).where(Token.digest == _digest(token))
            user = session.scalar(query)
            return None if user is None else Account(user.username, user.role == "ROLE_ADMIN")

    def logout(self, token: str) -> None:
        with self._databases.session("waweb") as session:
            session.execute(delete(Token).where(Token.digest == _digest(token)))

    # -- accounts -----------------------------------------------------------------------------------------------------

    def create(self, username: object, password: object) -> None:
        if not isinstance(username, str) or not 4 <= len(username) <= 32:
            raise ApiError(1009, "username must have between 4 and 32 characters")
        salt, hashed = passwords.new_hash(passwords.check(password))
        try:
            with self._databases.session("waweb") as session:
                session.add(User(username=username, role="ROLE_USER", salt=salt, password_hash=hashed, created=now()))
        except IntegrityError as error:
            raise ApiError(1014, "Unable to create user. Already exist?") from error

    def role(self, username: str) -> str:
        with self._databases.session("waweb") as session:
            role = session.scalar(select(User.role).where(User.username == username))
        if role is None:
            raise ApiError(1006, "unknown user")  # status unknown [P]
        return role

    def set_password(self, username: str, password: object) -> None:
        """Documented: tokens that exist stay valid."""
        self.role(username)
        salt, hashed = passwords.new_hash(passwords.check(password))
        with self._databases.session("waweb") as session:
            user = session.query(User).filter_by(username=username).one()
            user.salt, user.password_hash, user.must_change = salt, hashed, False

    def delete(self, username: str) -> None:
        self.role(username)
        if username == ADMIN:
            raise ApiError(1005, "admin cannot be deleted")
        with self._databases.session("waweb") as session:
            user = session.query(User).filter_by(username=username).one()
            session.execute(delete(Token).where(Token.user_id == user.id))
            session.delete(user)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
