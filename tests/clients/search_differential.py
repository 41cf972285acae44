#!/usr/bin/env python3
"""Generated searches, asked of MLflow's own SQL store and of a server: both must find the same.

    python search_differential.py --uri http://127.0.0.1:5000 [--count 2500] [--seed 1]
    python search_differential.py --write expectations.json

MLflow's store runs in this process on a SQLite file of its own, so this needs `mlflow` (or
`mlflow-skinny` with sqlalchemy and alembic), newest 3.x. The server is filled over REST with the same
runs: NaN and infinite metrics, missing keys, ties, Unicode, quotes. Start times differ from run to
run, since run ids, the last tie-break, are not the same in both. Ends with 1 if anything differs.
"""

import argparse
import json
import math
import os
import random
import sys
import tempfile
import urllib.error
import urllib.request

RUNS = 120
STATUSES = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]
METRICS = ["loss", "acc", "val loss", "a/b-c", "none"]
TEXTS = ["opt", "lr", "with space", "dotted.key", "ключ", "none"]
VALUES = ["", "x", "X", "xy", "XY%z", "a_b", "it's", "it''s", 'say "hi"', "ä", "Äb", "日本語", "10", "9",
          "-1", "C:\\dir\\", "a\\'b", " lead", "trail ", "AND", "(1)"]
NUMBERS = [0.0, -0.0, 1.0, -1.5, 0.25, 2.0, 1e300, -1e300, 1e-300, math.nan, math.inf, -math.inf,
           1.7976931348623157e308]
BASE_MS = 1_700_000_000_000
ID_TAG = "differential.n"


def make_runs(rng):
    """Each a dict; what is left out of it the run does not have."""
    runs = []
    for n in range(RUNS):
        status = rng.choice(STATUSES)
        # An end that a run has while it runs is not shown by Stepwell: docs/SEARCH.md.
        has_end = status in STATUSES[2:] and rng.random() < 0.8
        runs.append({
            "n": n,
            "start": BASE_MS + n * 7 % RUNS,
            "end": BASE_MS + rng.randrange(5) if has_end else None,
            "status": status,
            "user": rng.choice(["ann", "bob", "Ann", ""]),
            "name": rng.choice(["alpha", "Beta", "gämma", "it's"]) + str(rng.randrange(3)),
            "params": {k: rng.choice(VALUES) for k in TEXTS[:-1] if rng.random() < 0.7},
            "tags": {k: rng.choice(VALUES) for k in TEXTS[:-1] if rng.random() < 0.7},
            "metrics": {k: [rng.choice(NUMBERS) for _ in range(rng.randrange(1, 4))]
                        for k in METRICS[:-1] if rng.random() < 0.8},
            "deleted": rng.random() < 0.15,
        })
    return runs


class Questions:
    """Filters and orders, mostly sound, some not."""

    def __init__(self, rng, runs):
        self.rng = rng
        self.runs = runs

    def quoted_key(self, key):
        if key.replace("_", "").isalnum() and key.isascii() and self.rng.random() < 0.7:
            return key
        if key == "dotted.key" and self.rng.random() < 0.5:
            return key
        return self.rng.choice(["`%s`", '"%s"']) % key

    def literal(self, value):
        """The value as written, or None where neither quote can hold it."""
        marks = [m for m in "'\"" if m not in value and not value.endswith("\\")]
        if "''" in value and '"' not in value:
            marks.append("'")  # Taken as it is.
        if not marks:
            return None
        mark = self.rng.choice(marks)
        return mark + value + mark

    def number(self):
        value = self.rng.choice([0, 1, -1.5, 0.25, 2, 1e300, -1e300, 1e-300, 3])
        return self.rng.choice(["%d" % value if value == int(value) and abs(value) < 1e9 else
                                repr(value).replace("e+", "e"), "%.1f" % value
                                if abs(value) < 1e9 else repr(value).replace("e+", "e")])

    def string_test(self):
        while True:
            value = self.rng.choice(VALUES + ["RUNNING", "FINISHED", "alpha1", "ann"])
            operator = self.rng.choice(["=", "!=", "LIKE", "ILIKE", "like", "iLike"])
            if len(operator) > 2:
                value = self.rng.choice(["%", "%%%s%%", "%s%%", "%%%s", "_%s", "%s"]).replace("%s", value)
                value = value.replace("%%", "%")
            written = self.literal(value)
            if written is not None:
                gap = " " if operator[0].isalpha() else self.rng.choice(["", " "])
                return gap + operator + gap + written

    def clause(self):
        kind = self.rng.randrange(12)
        if kind < 4:
            entity = self.rng.choice(["metrics", "metric"])
            operator = self.rng.choice(["=", "!=", "<", "<=", ">", ">="])
            gap = self.rng.choice(["", " "])
            key = self.quoted_key(self.rng.choice(METRICS))
            return f"{entity}.{key}{gap}{operator}{gap}{self.number()}"
        if kind < 8:
            entity = self.rng.choice(["params", "param", "parameters", "tags", "tag"])
            key = self.quoted_key(self.rng.choice(TEXTS))
            if self.rng.random() < 0.15:
                return f"{entity}.{key} " + self.rng.choice(["IS NULL", "IS NOT NULL", "is null"])
            return f"{entity}.{key}{self.string_test()}"
        prefix = self.rng.choice(["", "attributes.", "attr.", "run."])
        if kind == 8:
            name = self.rng.choice(["start_time", "end_time", "created", "Created"])
            operator = self.rng.choice(["=", "!=", "<", "<=", ">", ">="])
            return f"{prefix}{name} {operator} {BASE_MS + self.rng.randrange(RUNS)}"
        if kind == 9:
            ids = ", ".join(f"'{{run:{self.rng.randrange(RUNS)}}}'" for _ in range(self.rng.randrange(1, 4)))
            test = self.rng.choice([f"IN ({ids})", f"NOT IN ({ids})", f"= {ids.split(',')[0]}",
                                    f"!= {ids.split(',')[0]}"])
            return f"{prefix}run_id {test}"
        name = self.rng.choice(["status", "user_id", "run_name", "`run name`", "artifact_uri"])
        if name == "artifact_uri":
            return prefix + name + self.rng.choice([" LIKE '%/artifacts'", " != 'x'", " = 'x'"])
        return prefix + name + self.string_test()

    def filter(self):
        if self.rng.random() < 0.05:
            return self.rng.choice(["", "AND", "foo.a = 'x'", "metrics.a = 'x'", "params.a = 1",
                                    "params.a > 'x'", "status IN ('x')", "metrics.a ==1", "name = 'x'",
                                    "params.a = x", "tags.a NOT LIKE 'x'", "metrics.a > 1;", "run_id IN ()",
                                    "start_time = '5'", "metrics.a", "lifecycle_stage = 'active'"])
        clauses = [self.clause() for _ in range(self.rng.choice([1, 1, 2, 2, 3]))]
        return self.rng.choice([" AND ", " and ", " And\n"]).join(clauses) + self.rng.choice(["", "", "", " AND"])

    def order(self):
        terms = {}
        for _ in range(self.rng.choice([0, 1, 1, 2, 3])):
            kind = self.rng.randrange(3)
            if kind == 0:
                name = "metrics." + self.quoted_key(self.rng.choice(METRICS))
            elif kind == 1:
                name = self.rng.choice(["params", "tags"]) + "." + self.quoted_key(self.rng.choice(TEXTS))
            else:
                name = self.rng.choice(["start_time", "end_time", "status", "user_id", "attributes.run_name"])
            # A name that comes twice is an error in MLflow only.
            terms[name.replace("`", "").replace('"', "")] = name + self.rng.choice(["", " ASC", " DESC", " desc"])
        return list(terms.values())

    def question(self):
        return {"filter": self.filter(), "order_by": self.order(), "view": self.rng.choice([1, 1, 1, 2, 3])}


class MlflowSide:
    """MLflow's SQL store in this process."""

    name = "mlflow"

    def __init__(self, directory):
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        self.store = SqlAlchemyStore(f"sqlite:///{directory}/mlflow.db", f"file://{directory}/artifacts")

    def fill(self, runs):
        from mlflow.entities import Metric, Param, RunStatus, RunTag

        self.experiment = self.store.create_experiment("differential")
        ids = []
        for run in runs:
            tags = [RunTag(k, v) for k, v in run["tags"].items()] + [RunTag(ID_TAG, str(run["n"]))]
            info = self.store.create_run(self.experiment, run["user"], run["start"], tags, run["name"]).info
            ids.append(info.run_id)
            metrics = [Metric(k, v, BASE_MS, step) for k, vs in run["metrics"].items()
                       for step, v in enumerate(vs)]
            self.store.log_batch(info.run_id, metrics, [Param(k, v) for k, v in run["params"].items()], [])
            self.store.update_run_info(info.run_id, RunStatus.from_string(run["status"]), run["end"], None)
            if run["deleted"]:
                self.store.delete_run(info.run_id)
        return ids

    def ask(self, question):
        from mlflow.exceptions import MlflowException

        try:
            found = self.store.search_runs([self.experiment], question["filter"], question["view"], 1000,
                                           question["order_by"], None)
        except MlflowException as error:
            return {"error": error.message}
        return {"runs": [int(run.data.tags[ID_TAG]) for run in found]}


class ServerSide:
    """A server over REST, with nothing but the standard library."""

    name = "server"

    def __init__(self, uri):
        self.uri = uri.rstrip("/") + "/api/2.0/mlflow/"

    def post(self, path, body):
        request = urllib.request.Request(self.uri + path, json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            body = error.read().decode(errors="replace")
            if error.code != 400:
                raise SystemExit(f"{path}: HTTP {error.code}: {body}") from error
            return {"error": json.loads(body)["message"]}

    def fill(self, runs):
        name = f"differential {random.SystemRandom().randrange(10**12)}"
        self.experiment = self.post("experiments/create", {"name": name})["experiment_id"]
        ids = []
        for run in runs:
            tags = [{"key": k, "value": v} for k, v in run["tags"].items()]
            tags.append({"key": ID_TAG, "value": str(run["n"])})
            created = self.post("runs/create", {"experiment_id": self.experiment, "user_id": run["user"],
                                                "run_name": run["name"], "start_time": run["start"],
                                                "tags": tags})["run"]
            run_id = created["info"]["run_id"]
            ids.append(run_id)
            metrics = [{"key": k, "value": v if math.isfinite(v) else
                        "NaN" if math.isnan(v) else "Infinity" if v > 0 else "-Infinity",
                        "timestamp": BASE_MS, "step": step}
                       for k, vs in run["metrics"].items() for step, v in enumerate(vs)]
            params = [{"key": k, "value": v} for k, v in run["params"].items()]
            self.post("runs/log-batch", {"run_id": run_id, "metrics": metrics, "params": params})
            update = {"run_id": run_id, "status": run["status"]}
            if run["end"] is not None:
                update["end_time"] = run["end"]
            self.post("runs/update", update)
            if run["deleted"]:
                self.post("runs/delete", {"run_id": run_id})
        return ids

    def ask(self, question):
        views = {1: "ACTIVE_ONLY", 2: "DELETED_ONLY", 3: "ALL"}
        answer = self.post("runs/search", {"experiment_ids": [self.experiment], "filter": question["filter"],
                                           "run_view_type": views[question["view"]], "max_results": 1000,
                                           "order_by": question["order_by"]})
        if "error" in answer:
            return answer
        number = lambda run: next(t["value"] for t in run["data"]["tags"] if t["key"] == ID_TAG)
        return {"runs": [int(number(run)) for run in answer.get("runs", [])]}


def answers(side, runs, questions):
    ids = side.fill(runs)
    all_answers = []
    for question in questions:
        asked = dict(question)
        for n in range(RUNS):
            if "{run:" not in asked["filter"]:
                break
            asked["filter"] = asked["filter"].replace("{run:%d}" % n, ids[n])
        all_answers.append(side.ask(asked))
    return all_answers


def same(expected, found):
    if "error" in expected or "error" in found:
        return "error" in expected and "error" in found
    return expected["runs"] == found["runs"]


def make(seed, count):
    rng = random.Random(seed)
    runs = make_runs(rng)
    questions = Questions(rng, runs)
    return runs, [questions.question() for _ in range(count)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uri", help="of the server to compare with")
    parser.add_argument("--count", type=int, default=2500, help="questions (2500)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", help="MLflow's answers as JSON, to this file")
    options = parser.parse_args()
    runs, questions = make(options.seed, options.count)
    with tempfile.TemporaryDirectory() as directory:
        expected = answers(MlflowSide(directory), runs, questions)
    accepted = sum("runs" in answer for answer in expected)
    print(f"{len(expected)} questions of seed {options.seed}: mlflow answered {accepted}, "
          f"{sum(bool(a.get('runs')) for a in expected)} of them with runs, and refused the others")
    if options.write:
        with open(options.write, "w", encoding="utf-8") as file:
            json.dump([{**q, **a} for q, a in zip(questions, expected)], file, ensure_ascii=False, indent=1)
    if not options.uri:
        return 0
    found = answers(ServerSide(options.uri), runs, questions)
    different = 0
    for question, theirs, ours in zip(questions, expected, found):
        if same(theirs, ours):
            continue
        different += 1
        if different <= 20:
            print(f"{question}\n  mlflow: {theirs}\n  server: {ours}")
    print(f"{different} of {len(questions)} answers differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
