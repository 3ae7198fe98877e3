"""dlt: merges the records into SQLite. `dlt_merge.py BASE_URL PAGE CONCURRENCY sqlite:FILE`."""

import sqlite3
import sys
import tempfile

import cost
import dlt
from dlt_source import events

file = sys.argv[4].removeprefix("sqlite:")
with tempfile.TemporaryDirectory() as folder:
    pipeline = dlt.pipeline(
        "events",
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{file}"),
        dataset_name="main",
        pipelines_dir=folder,
    )
    pipeline.run(events(sys.argv[1], int(sys.argv[2])))
(records,) = sqlite3.connect(file).execute("SELECT count(*) FROM events").fetchone()
cost.say(records)
