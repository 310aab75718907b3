"""The systems that do the job, each a command: ``python -m benchmarks.systems.<module>``.

All but the ceiling read one topic and write another until they are ended (benchmarks.systems.task).
"""
