"""kafka-python. Usage: kafka_python.py HOST:PORT"""

from cases import run
from kafka_python_cases import admin, failures, groups, records, transactions

run([*admin.CASES, *records.CASES, *groups.CASES, *transactions.CASES, *failures.CASES])
