"""confluent-kafka, and so librdkafka. Usage: confluent.py HOST:PORT"""

from cases import run
from confluent_cases import admin, failures, groups, records, transactions

run([*admin.CASES, *records.CASES, *groups.CASES, *transactions.CASES, *failures.CASES])
