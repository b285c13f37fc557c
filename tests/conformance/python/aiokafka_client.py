"""aiokafka. Usage: aiokafka_client.py HOST:PORT"""

import logging

from aiokafka_cases import admin, failures, groups, records, transactions
from cases import run

# Of every connection that a case cuts.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
run([*admin.CASES, *records.CASES, *groups.CASES, *transactions.CASES, *failures.CASES])
