"""A process that runs a study, to be killed: `python study_worker.py ROOT REPLICATES JOBS`."""

import sys
from pathlib import Path

from simulate.studies import files
from simulate.studies.run import Plan, run

if __name__ == "__main__":
    root, replicates, jobs = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    design = files.load("test_period_canary", {"data.n_patients": 20})
    run(design, root, Plan(replicates, jobs=jobs, shard_size=4))
