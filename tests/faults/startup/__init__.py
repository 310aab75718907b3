"""A folder on the path of workers under test: Python runs its ``sitecustomize`` before anything else."""
