"""Frames as tables of the warehouse."""

import duckdb
import pandas as pd

from orchestration.warehouse import replace_table


def test_a_column_of_nothing_has_a_type():
    """Else it would be of DuckDB's type NULL, which no reader knows and nothing can be added to."""
    connection = duckdb.connect()
    replace_table(connection, "told", pd.DataFrame({"term": ["a"], "reason": [None]}))
    types = connection.execute("select column_name, column_type from (describe told)").fetchall()
    assert dict(types) == {"term": "VARCHAR", "reason": "VARCHAR"}
    assert connection.execute("select reason from told").fetchall() == [(None,)]
