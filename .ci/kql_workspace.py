"""A stand-in for a Log Analytics workspace: tables with the columns that the real ones have, and an engine for KQL.

The engine is duckdb-kql, whose translation is checked against Microsoft's own. It lacks four things, which stand here:
ingestion_time() is a column of the tables, column_ifexists() is decided by the table's columns, the scalar function
Auth0Record becomes part of the query, and the functions on property bags do what Microsoft's page of each says. The time
stands still, so that ago() says the same to a slow machine.
"""

import collections
import csv
import datetime
import json
import pathlib
import re

import duckdb_kql
from duckdb_kql.translate.functions import SCALAR_FUNCTIONS, FunctionSpec

ROOT = pathlib.Path(__file__).resolve().parent.parent
KQL = ROOT / "infra/azure/kql"
NOW = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
TYPES = {
    "bool": "BOOLEAN",
    "datetime": "TIMESTAMP",
    "dynamic": "JSON",
    "int": "INTEGER",
    "real": "DOUBLE",
    "string": "VARCHAR",
}

# Of two bags with the same key Kusto takes the value of either; here that is an error.
BAG_MACROS = [
    """bag_entries(bag) AS coalesce(list_transform(json_keys(bag), lambda name: struct_pack(
        name := name, value := json_extract(bag, '/' || replace(replace(name, '~', '~0'), '/', '~1')))), [])""",
    "bag_of(entries) AS CAST(to_json(map_from_entries(entries)) AS JSON)",
    "bag_merge(bags) AS bag_of(flatten(list_transform(bags, lambda bag: bag_entries(bag))))",
    """bag_remove_keys(bag, names) AS bag_of(list_filter(bag_entries(bag),
        lambda entry: NOT list_contains(json_extract_string(names, '$[*]'), entry.name)))""",
]
SCALAR_FUNCTIONS["bag_keys"] = FunctionSpec("bag_keys", "template", "CAST(to_json(json_keys({0})) AS JSON)", (1,))
SCALAR_FUNCTIONS["bag_merge"] = FunctionSpec("bag_merge", "template", "bag_merge([{}])")
SCALAR_FUNCTIONS["bag_remove_keys"] = FunctionSpec("bag_remove_keys", "template", "bag_remove_keys({0}, {1})", (2,))


def text_of(name):
    """A query without its comments, on one line."""
    lines = (KQL / name).read_text(encoding="utf-8").splitlines()
    return " ".join(line for line in lines if not line.strip().startswith("//"))


def table_columns():
    tables = collections.defaultdict(dict)
    for row in csv.DictReader((ROOT / ".ci/schemas/columns.csv").open(encoding="utf-8")):
        tables[row["table"]][row["column"]] = row["type"]
    return tables


COLUMNS = table_columns()


class Workspace:
    """Tables with rows. `only` leaves columns out, as a table has them that no row has filled yet."""

    def __init__(self, tables, only=None):
        self.connection = duckdb_kql.connect()
        for macro in BAG_MACROS:
            self.connection.execute(f"CREATE MACRO {macro}")
        self.columns = {}
        for table in tables:
            columns = {name: kind for name, kind in COLUMNS[table].items() if only is None or name in only}
            self.columns[table] = columns
            declared = ", ".join(f'"{name}" {TYPES[kind]}' for name, kind in columns.items())
            self.connection.sql(f"CREATE TABLE {table} ({declared}, ReceivedAt TIMESTAMP)")

    def insert(self, table, rows, received=NOW):
        for row in rows:
            values = [json.dumps(value) if isinstance(value, (dict, list)) else value for value in row.values()]
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join("?" for _ in row)
            self.connection.execute(
                f"INSERT INTO {table} ({names}, ReceivedAt) VALUES ({marks}, ?)", [*values, received]
            )

    def functions(self):
        definitions = []
        for path in sorted((KQL / "functions").glob("*.kql")):
            if path.stem != "Auth0Record":
                definitions.append(f"function {path.stem}() {{ {self.prepared(text_of(f'functions/{path.name}'))} }}")
        return definitions

    def prepared(self, query):
        """What the engine lacks is put in the place that it has in the service."""
        record = text_of("functions/Auth0Record.kql")
        query = re.sub(
            r"Auth0Record\((\w+), (\w+|dynamic\(\{\}\))\)",
            lambda call: f"({record.replace('Columns', call[2]).replace('Raw', call[1])})",
            query,
        )
        query = query.replace("ingestion_time()", "ReceivedAt")
        # The rows are of the moment at which the run began, however long it takes.
        query = re.sub(r"\bago\((\w+)\)", rf"datetime({NOW.isoformat()}) - \1", query)
        table = ""
        parts = []
        for part in re.split(r"(\bAuth0AM_CL\b|\bAuth0_CL\b|column_ifexists\('\w+', (?:''|\w+\(null\))\))", query):
            if part in ("Auth0AM_CL", "Auth0_CL"):
                table = part
            call = re.fullmatch(r"column_ifexists\('(\w+)', (.*)\)", part)
            if call:
                part = call[1] if call[1] in self.columns.get(table, {}) else call[2]
            parts.append(part)
        return "".join(parts)

    def run(self, query):
        result = duckdb_kql.query(self.connection, self.prepared(query), functions=self.functions())
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
