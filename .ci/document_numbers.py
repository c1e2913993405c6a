"""Compares numbers in documents with the constants in the code that they repeat.

Each entry of `NUMBERS` has a document, a regular expression with one group around the number and its unit, a file, and where the
file has the number: the name of a constant or of a default (`MAX_BATCH`, or `lease` for `lease: 3_000,`), arithmetic with such names
(`READERS + 1`), or a regular expression with one group.

A blank in an expression about a document stands for any white space, so a document may break its lines anywhere. A document writes
numbers as `10,000`, `3 s`, `2 minutes` or `twenty`. Durations are compared in milliseconds, which is also the
unit of constants without one, such as those of the row rules.
"""

import pathlib
import re

TIMING = "services/user/src/rules/timing.rs"
COMMIT = "services/user/src/commit.rs"
SUBJECTS = "shared/contracts/src/subjects.rs"
LIMITER = "services/hubspot/src/engine/rate_limiter.rs"
BUDGET = "services/hubspot/src/engine/rate_limiter/daily_budget.rs"
CALL = "services/hubspot/src/engine/call.rs"
STREAKS = "services/hubspot/src/engine/circuit_breaker/streaks.rs"
CONSUMER = "services/hubspot/src/worker/consumer.rs"
COMPARING = "services/hubspot/src/worker/comparing"
POSTGRES = "services/user/src/store/postgres/open.rs"
POOLER = "services/user/src/store/postgres/session/pooler.rs"
HUBSPOT = "services/hubspot/src/config.rs"
USER = "services/user/src/config.rs"
GATEWAY = "services/api-gateway/src/config.rs"
SEND_BATCH = "shared/contracts/src/import.rs"
FIRST_TRY = "services/api-gateway/src/services/deadline.rs"
RETRIES = "src/cli/bulk/retry_pauses.rs"
PLAN = "checks/simulation/src/plan.rs"
RECHECKS = r"RECHECK_PAUSES: .* = \[([\d_]+), ([\d_]+), ([\d_]+), ([\d_]+)\]"
CONNECTIONS = "CHANGE_WRITERS + 1 + READERS + 1"

NUMBERS = [
    # The lease, and the other times of the row rules.
    ("docs/operations.md", r"takes over when the lease expires, after at most (\w+ seconds)", TIMING, "lease"),
    ("docs/reliability.md", r"with the default lease of (\d+ s)", TIMING, "lease"),
    ("ARCHITECTURE.md", r"gets the lease when it expires, after (\d+ seconds)", TIMING, "lease"),
    ("services/user/.env.example", r"USER_LEASE_MS=(\d+)", TIMING, "lease"),
    ("services/user/.env.example", r"USER_ATTEMPT_MS=(\d+)", TIMING, "attempt"),
    ("services/user/.env.example", r"USER_LATE_WRITE_MS=(\d+)", TIMING, "late_write"),
    ("services/user/.env.example", r"USER_WAKE_UP_MS=(\d+)", TIMING, "wake_up"),
    ("services/user/.env.example", r"USER_IDEMPOTENCY_KEY_MS=(\d+)", TIMING, "idempotency_key"),
    ("services/user/.env.example", r"USER_MAX_IDEMPOTENCY_KEYS=(\d+)", TIMING, "max_idempotency_keys"),
    ("services/user/README.md", r"A user may have ([\d,]+) keys at a time", TIMING, "max_idempotency_keys"),
    ("services/api-gateway/README.md", r"have ([\d,]+) keys at a time", TIMING, "max_idempotency_keys"),
    ("ARCHITECTURE.md", r"at most ([\d,]+) keys of a user", TIMING, "max_idempotency_keys"),
    ("ARCHITECTURE.md", r"the row remembers the last (\d+) changes", "services/user/src/rules/recent_changes.rs", "MAX_CHANGES"),
    ("docs/reliability.md", r"If (\d+) other changes of the same user", "services/user/src/rules/recent_changes.rs", "MAX_CHANGES"),
    ("services/user/.env.example", r"USER_SWEEP_MS=(\d+)", USER, r"let sweep = (Duration::\w+\(\d+\))"),
    ("docs/reliability.md", r"which lasts (\d+ s) by default \(`USER_LATE_WRITE_MS`\)", TIMING, "late_write"),
    ("docs/reliability.md", r"`USER_WAKE_UP_MS` \((\d+ s) by default\)", TIMING, "wake_up"),
    ("docs/decisions/04-attempts-and-late-writes.md", r"changes within (\d+ s) after a time-out", TIMING, "late_write"),
    ("docs/simulation.md", r"its end was more than (\d+ s) ahead", TIMING, "late_write"),
    ("docs/glossary.md", r"how long that may happen, (\d+ seconds) by default", TIMING, "late_write"),
    ("services/user/README.md", r"sets its wake-up time (\d+ seconds) ahead", TIMING, "wake_up"),
    ("ARCHITECTURE.md", r"the user is due (\d+ seconds) after the change", TIMING, "wake_up"),
    ("docs/operations.md", r"`conflict` .* after (\d+ min), \d+ min and \d+ h", TIMING, (RECHECKS, 1)),
    ("docs/operations.md", r"`conflict` .* after \d+ min, (\d+ min) and \d+ h", TIMING, (RECHECKS, 2)),
    ("docs/operations.md", r"`conflict` .* after \d+ min, \d+ min and (\d+ h)", TIMING, (RECHECKS, 3)),
    ("docs/glossary.md", r"may pass by itself: after (\d+ minute), ", TIMING, (RECHECKS, 1)),
    ("docs/glossary.md", r"may pass by itself: after \d+ minute, (\d+ minutes), ", TIMING, (RECHECKS, 2)),
    ("docs/glossary.md", r"may pass by itself: after \d+ minute, \d+ minutes, (\d+ hour), ", TIMING, (RECHECKS, 3)),
    ("docs/operations.md", r"delivery of this user failed (\w+) times", TIMING, "MAX_COUNTED_FAILURES"),
    ("docs/outcomes.md", r"After (\w+) counted failures", TIMING, "MAX_COUNTED_FAILURES"),
    ("docs/glossary.md", r"After (\w+), the user's fields are failed", TIMING, "MAX_COUNTED_FAILURES"),
    ("ARCHITECTURE.md", r"after (\w+) counted failures", TIMING, "MAX_COUNTED_FAILURES"),
    # The user service: group commit, stream, connections, what is kept.
    ("docs/decisions/05-rules-in-rust.md", r"a batch of (\d+) changes", COMMIT, "MAX_JOBS_PER_COMMIT"),
    ("services/user/README.md", r"takes up to (\d+) operations", COMMIT, "MAX_JOBS_PER_COMMIT"),
    ("ARCHITECTURE.md", r"all operations that wait, at most (\d+)", COMMIT, "MAX_JOBS_PER_COMMIT"),
    ("docs/operations.md", r"the stream holds at most ([\d,]+) messages", SUBJECTS, "WINDOW"),
    ("docs/decisions/09-one-wake-up-per-user.md", r"rejects every message beyond ([\d,]+)", SUBJECTS, "WINDOW"),
    ("docs/scale.md", r"\| ([\d,]+) messages, however many", SUBJECTS, "WINDOW"),
    ("services/user/README.md", r"The stream holds at most ([\d,]+) wake-ups", SUBJECTS, "WINDOW"),
    ("docs/operations.md", r"PostgreSQL needs (\d+) connections for each user service", POSTGRES, CONNECTIONS),
    ("docs/operations.md", r"(\d+) write, \d+ read, \d+ counts", POSTGRES, "CHANGE_WRITERS + 1"),
    ("docs/operations.md", r"\d+ write, (\d+) read, \d+ counts", POSTGRES, "READERS"),
    ("docs/operations.md", r"opens (\d+) more to look for a pooler", POOLER, "HELD + 1"),
    ("deploy/kubernetes/README.md", r"opens at most (\d+) connections", POSTGRES, CONNECTIONS),
    ("deploy/kubernetes/README.md", r"for a moment (\d+) more", POOLER, "HELD + 1"),
    ("services/user/README.md", r"At most (\w+): three that write", POSTGRES, CONNECTIONS),
    ("services/user/README.md", r"and (\w+) more for a moment while it checks for a pooler", POOLER, "HELD + 1"),
    ("docs/benchmarks.md", r"`CHANGE_WRITERS`, which is (\d+)", POSTGRES, "CHANGE_WRITERS"),
    ("services/api-gateway/README.md", r"(\w+) attempts to deliver the user", "services/user/src/rules/history.rs", "MAX_ATTEMPTS"),
    ("CHANGELOG.md", r"Receipts contain the last (\w+) attempts", "services/user/src/rules/history.rs", "MAX_ATTEMPTS"),
    ("docs/decisions/14-drift-is-read-by-the-worker.md", r"reads at most ([\d,]+) rows", "services/user/src/store/queries/scan.rs", "MAX_ROWS_READ"),
    # The delivery engine: batches, rate limits, halts, acknowledgements.
    ("docs/scale.md", r"one call carries up to a (\w+) contacts", CALL, "MAX_BATCH"),
    ("docs/outcomes.md", r"400 for more than a (\w+) inputs", CALL, "MAX_BATCH"),
    ("docs/decisions/12-a-daily-call-budget.md", r"a full call of a (\w+) contacts", CALL, "MAX_BATCH"),
    ("docs/scale.md", r"Free or Starter \| (\d+) ", LIMITER, "ASSUMED_LIMIT"),
    ("docs/scale.md", r"leaves one call in (\w+) of the ten-second limit", LIMITER, "MARGIN_DIVISOR"),
    ("docs/scale.md", r"of the (\w+-second) limit unused", LIMITER, "ASSUMED_WINDOW"),
    ("docs/scale.md", r"and (\d+) % of the daily limit", HUBSPOT, r'"HUBSPOT_DAILY_RESERVE_PERCENT", (\d+)'),
    ("docs/benchmarks.md", r"keeps one call in (\w+) free", LIMITER, "MARGIN_DIVISOR"),
    ("docs/decisions/12-a-daily-call-budget.md", r"at most (\w+ seconds); a full call", BUDGET, "MAX_EMISSION_INTERVAL"),
    ("docs/outcomes.md", r"the same rejection for (\w+) records in a row", STREAKS, "EVERY_RECORD"),
    ("docs/simulation.md", r"knows only after (\w+) records", STREAKS, "EVERY_RECORD"),
    ("docs/outcomes.md", r"sent again after (\w+ seconds)", "services/hubspot/src/engine/dispatch/responses.rs", "LOCK"),
    ("ARCHITECTURE.md", r"the user waits for (\w+ seconds)", "services/hubspot/src/engine/dispatch/responses.rs", "LOCK"),
    ("docs/reliability.md", r"\[Since then\]\(decisions/10-a-cluster-without-quorum.md\) it is (\d+ seconds)", CONSUMER, "ACK_WAIT"),
    ("docs/decisions/10-a-cluster-without-quorum.md", r"acknowledged within (\d+ seconds)", CONSUMER, "ACK_WAIT"),
    ("ARCHITECTURE.md", r"delivers the wake-up again after (\d+ seconds)", CONSUMER, "ACK_WAIT"),
    # Comparisons and imports.
    ("docs/decisions/14-drift-is-read-by-the-worker.md", r"a page of a (\w+) at a time", "shared/contracts/src/comparison.rs", "MAX_COMPARED"),
    ("docs/decisions/14-drift-is-read-by-the-worker.md", r"So after (\w+) failed calls", f"{COMPARING}/reading.rs", "MAX_FAILED_READS"),
    ("docs/decisions/14-drift-is-read-by-the-worker.md", r"The drift sweep has (\w+ minutes) for a page", f"{COMPARING}/sweep.rs", "PAGE_TIMEOUT"),
    ("docs/decisions/14-drift-is-read-by-the-worker.md", r"The gateway waits (\w+ seconds) for a page", "services/api-gateway/src/services.rs", "COMPARE_TIMEOUT"),
    ("docs/decisions/14-drift-is-read-by-the-worker.md", r"comparisons wait for an (hour)", "services/hubspot/src/engine/inspections.rs", "DAY_PAUSE"),
    ("services/api-gateway/README.md", r"not within (\w+ seconds), the response is 503 `not-comparing`", "services/api-gateway/src/services.rs", "COMPARE_TIMEOUT"),
    ("docs/decisions/11-imports.md", r"a (\w+) at a time, and sends the next hundred", SEND_BATCH, "MAX_IMPORT_LINES"),
    ("docs/decisions/11-imports.md", r"The limit is (\d+ MiB) for each import", "services/api-gateway/src/import/reports/queue.rs", "MAX_WAITING_BYTES"),
    ("docs/decisions/11-imports.md", r"at most (\w+) imports run at a time", "services/api-gateway/src/import/slots.rs", "MAX_IMPORTS"),
    ("docs/decisions/11-imports.md", r"the caller reads nothing for a (minute)", GATEWAY, "import_wait"),
    # The gateway and the command line.
    ("docs/reliability.md", r"sends it again\s+after (one second), and it is accepted once", FIRST_TRY, "MAX_FIRST_TRY"),
    ("docs/reliability.md", r"A body of more than (\d+ KiB) gets 413", "services/api-gateway/src/request/body.rs", "MAX_BODY_BYTES"),
    ("services/api-gateway/README.md", r"The body may have (\d+ KiB)", "services/api-gateway/src/request/body.rs", "MAX_BODY_BYTES"),
    ("services/api-gateway/README.md", r"A row may have (\d+ KiB)", "services/api-gateway/src/import/rows/splitter.rs", "MAX_ROW_BYTES"),
    ("docs/operations.md", r"at most (\w+) times for one request", RETRIES, "MAX_RETRIES"),
    ("docs/operations.md", r"for one request, and for at most a (minute)", RETRIES, "MAX_TOTAL_PAUSE"),
    # Ports and settings.
    ("docs/operations.md", r"the default is `http://127\.0\.0\.1:(\d+)`", GATEWAY, "DEFAULT_PORT"),
    ("docs/operations.md", r"the default is `http://127\.0\.0\.1:(\d+)`", "src/cli.rs", r'DEFAULT_URL: &str = "http://127\.0\.0\.1:(\d+)"'),
    ("docs/operations.md", r"the user service at port (\d+)", USER, r'"127\.0\.0\.1:(\d+)"'),
    ("docs/operations.md", r"and the hubspot service at (\d+)", HUBSPOT, r'"127\.0\.0\.1:(\d+)"'),
    ("docs/operations.md", r"`http://localhost:(\d+)/oauth/callback`", "src/cli/commands/connect.rs", r"http://localhost:(\d+)/oauth/callback"),
    ("sandbox/README.md", r"Open <http://127\.0\.0\.1:(\d+)/>", "sandbox/src/cli/arguments.rs", r'"127\.0\.0\.1:(\d+)"'),
    ("services/api-gateway/.env.example", r"API_GATEWAY_DEADLINE_MS=(\d+)", GATEWAY, "deadline"),
    ("services/api-gateway/.env.example", r"API_GATEWAY_MAX_IN_FLIGHT=(\d+)", GATEWAY, "max_in_flight"),
    ("services/api-gateway/.env.example", r"API_GATEWAY_READ_TIMEOUT_MS=(\d+)", GATEWAY, "read_timeout"),
    ("services/user/.env.example", r"USER_HEALTH_LISTEN=127\.0\.0\.1:(\d+)", USER, r'"127\.0\.0\.1:(\d+)"'),
    ("services/hubspot/.env.example", r"HUBSPOT_HEALTH_LISTEN=127\.0\.0\.1:(\d+)", HUBSPOT, r'"127\.0\.0\.1:(\d+)"'),
    ("services/hubspot/.env.example", r"HUBSPOT_TIMEOUT_MS=(\d+)", HUBSPOT, r'"HUBSPOT_TIMEOUT_MS", (Duration::\w+\(\d+\))'),
    ("services/hubspot/.env.example", r"HUBSPOT_CONCURRENCY=(\d+)", HUBSPOT, r'"HUBSPOT_CONCURRENCY", (\d+)'),
    ("services/hubspot/.env.example", r"HUBSPOT_WINDOW_RESERVE_PERCENT=(\d+)", HUBSPOT, r'"HUBSPOT_WINDOW_RESERVE_PERCENT", (\d+)'),
    ("services/hubspot/.env.example", r"HUBSPOT_DAILY_RESERVE_PERCENT=(\d+)", HUBSPOT, r'"HUBSPOT_DAILY_RESERVE_PERCENT", (\d+)'),
    ("nats.env.example", r"NATS_CLIENT_CAPACITY=(\d+)", "shared/runtime/src/nats/settings.rs", "DEFAULT_CAPACITY"),
    # The tests.
    ("docs/reliability.md", r"--test faults # (\d+ seconds) of faults", "tests/faults/main.rs", "FAULTS_FOR"),
    ("checks/faults/README.md", r"--test faults # (\d+ seconds) of faults", "tests/faults/main.rs", "FAULTS_FOR"),
    ("README.md", r"injects faults into the whole system for (\d+ seconds)", "tests/faults/main.rs", "FAULTS_FOR"),
    ("docs/reliability.md", r"exits with 0 within (\w+ seconds)", "tests/it/outages/stopping.rs", "MAX_STOP_TIME"),
    ("checks/simulation/README.md", r"at least (\w+) kinds of faults", PLAN, "MIN_FAULTS"),
]

# How many files a document says there are: document, regular expression, files.
COUNTS = [
    ("docs/simulation.md", r"one patch for each of (\d+) bugs", "checks/simulation/planted/*.patch"),
]

WORDS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "fifteen": 15, "sixteen": 16, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100,
    "thousand": 1000,
}
UNITS = {
    "ms": 1, "s": 1000, "second": 1000, "min": 60_000, "minute": 60_000, "h": 3_600_000, "hour": 3_600_000, "kib": 1024,
    "mib": 1024 * 1024,
}
DURATIONS = {"millis": 1, "secs": 1000, "mins": 60_000, "hours": 3_600_000}


def number(text):
    """The value of `10,000`, `3 s`, `ten seconds`, `hour`; None of a text that is no number."""
    value = 1
    for word in re.split(r"[\s-]+", text.strip().lower()):
        unit = UNITS.get(word) or UNITS.get(word.removesuffix("s"))
        if unit:
            value *= unit
        elif word in WORDS:
            value *= WORDS[word]
        elif word.replace(",", "").isdecimal():
            value *= int(word.replace(",", ""))
        else:
            return None
    return value


def evaluate(expression):
    """The value of a Rust expression of numbers and durations; None if it is anything else."""
    def milliseconds(call):
        return f"({call[2]})*{DURATIONS[call[1]]}"

    plain = re.sub(r"Duration::from_(millis|secs|mins|hours)\(([\d_ *]+)\)", milliseconds, expression)
    return eval(plain) if re.fullmatch(r"[\d_+*() ]+", plain) else None


def constant(source, name):
    for pattern in (rf"\bconst {name}: [^=;]+ = ([^;]+);", rf"\b{name}: ([^,]+),\n"):
        for expression in re.findall(pattern, source):
            value = evaluate(expression)
            if value is not None:
                return value
    return None


def value_in_code(source, place):
    """The number at a place of the code, as the module's documentation describes places; None if it is not there."""
    pattern, group = place if isinstance(place, tuple) else (place, 1)
    if "(" in pattern:
        found = re.search(pattern, source)
        return evaluate(found[group]) if found else None
    names = re.findall(r"[A-Za-z]\w*", pattern)
    values = {name: constant(source, name) for name in names}
    if None in values.values():
        return None
    return eval(pattern, {}, values)


def number_faults():
    for document, pattern, file, place in NUMBERS:
        source = pathlib.Path(file)
        expected = value_in_code(source.read_text(), place) if source.exists() else None
        if expected is None:
            yield f".ci/document_numbers.py: {file} has no number at {place}; correct the entry for {document}"
        else:
            yield from compare(document, pattern, expected, f"{file}: {place}")
    for document, pattern, files in COUNTS:
        yield from compare(document, pattern, len(list(pathlib.Path().glob(files))), files)


def compare(document, pattern, expected, origin):
    found = re.search(pattern.replace(" ", r"\s+"), pathlib.Path(document).read_text())
    if not found:
        yield f".ci/document_numbers.py: {document} has no text that matches {pattern!r}; correct the entry or remove it"
    elif number(found[1]) != expected:
        yield f"{document}: says {found[1]!r}, but {origin} is {expected}"
