"""The tables of the service's own database, and the names of the revisions that have led to them.

Moments are in UTC. The ledger is another database: this one only tells what is
being done.
"""

from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, Text, UniqueConstraint

REVISIONS = ("jobs_and_sessions",)  # the oldest first; each is a file in `revisions`

service_metadata = MetaData()

job = Table(
    "job",
    service_metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(40), nullable=False),  # the command
    Column("site", String(200), nullable=False),  # name of the case's park; empty: of none
    Column("purpose", Text, nullable=False),  # what automation wants it for; empty: a person asked
    Column("owner", String(200), nullable=False),  # name of the token
    Column("idempotency_key", String(255)),  # as the owner gave it
    Column("request_sha256", String(64), nullable=False),
    Column("words", Text, nullable=False),  # JSON: the command line
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),  # times it was begun
    Column("exit_code", Integer),
    Column("problems", Text, nullable=False),  # JSON: sentences in English
    Column("created_at", DateTime, nullable=False),
    Column("started_at", DateTime),
    Column("finished_at", DateTime),
    UniqueConstraint("owner", "idempotency_key"),
)
browser_session = Table(
    "browser_session",
    service_metadata,
    Column("sha256", String(64), primary_key=True),  # of its identifier
    Column("token_id", String(32), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=False),
    Column("revoked_at", DateTime),
)
