"""MLflow's own client against a running server: what a script does, and what it must find afterwards.

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python mlflow_test.py [NAME...]

Works with every client from 2.9 on. Each test makes an experiment of its own, so that they may run
against a server that holds other things.
"""

import math
import os
import sys
import threading
import time
import traceback
import uuid

import mlflow
import requests
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def expect(actual, expected, what=""):
    if actual != expected:
        raise AssertionError(f"{what}: {actual!r}, expected {expected!r}")


def expect_error(code, text, action):
    try:
        action()
    except MlflowException as error:
        expect(error.error_code, code, "error code")
        if text not in str(error):
            raise AssertionError(f"{error}, expected a text with {text!r}") from None
        return
    raise AssertionError(f"no error, expected {code}")


def new_experiment():
    name = f"clients-{uuid.uuid4().hex}"
    return mlflow.set_experiment(name).experiment_id


def post(path, body):
    uri = os.environ["MLFLOW_TRACKING_URI"]
    return requests.post(f"{uri}/api/2.0/mlflow/{path}", json=body, timeout=30)


@test
def fluent_run():
    experiment = new_experiment()
    with mlflow.start_run(run_name="first", description="words") as run:
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({"layers": 3, "name": "ünï 'quoted' \"twice\""})
        mlflow.log_metric("loss", 0.5, step=1)
        mlflow.log_metrics({"loss": 0.25, "acc/val": 0.75}, step=2)
        mlflow.set_tag("team", "blue")
        mlflow.set_tags({"a": 1, "b": "two"})
    stored = MlflowClient().get_run(run.info.run_id)
    expect(stored.info.status, "FINISHED", "status")
    expect(stored.info.run_name, "first", "name")
    expect(stored.info.experiment_id, experiment, "experiment")
    expect(stored.info.lifecycle_stage, "active", "stage")
    if not stored.info.start_time <= stored.info.end_time:
        raise AssertionError("the run ends before it starts")
    expect(stored.data.params, {"lr": "0.1", "layers": "3", "name": "ünï 'quoted' \"twice\""})
    expect(stored.data.metrics, {"loss": 0.25, "acc/val": 0.75})
    expect({k: stored.data.tags[k] for k in ("team", "a", "b", "mlflow.note.content")},
           {"team": "blue", "a": "1", "b": "two", "mlflow.note.content": "words"})
    expect(stored.info.artifact_uri,
           f"mlflow-artifacts:/{experiment}/{run.info.run_id}/artifacts", "artifact uri")


@test
def made_up_name_and_failure():
    new_experiment()
    try:
        with mlflow.start_run() as run:
            raise ValueError("on purpose")
    except ValueError:
        pass
    stored = MlflowClient().get_run(run.info.run_id)
    expect(stored.info.status, "FAILED", "status")
    expect(stored.data.tags["mlflow.runName"], stored.info.run_name, "name and tag")
    if stored.info.run_name.count("-") != 2:
        raise AssertionError(f"name {stored.info.run_name}")


@test
def nested_and_resumed_runs():
    experiment = new_experiment()
    with mlflow.start_run() as parent:
        with mlflow.start_run(nested=True) as child:
            mlflow.log_metric("m", 1)
    children = MlflowClient().get_run(child.info.run_id)
    expect(children.data.tags["mlflow.parentRunId"], parent.info.run_id, "parent")
    with mlflow.start_run(run_id=child.info.run_id):
        expect(MlflowClient().get_run(child.info.run_id).info.status, "RUNNING", "resumed")
        mlflow.log_metric("m", 2, step=1)
    stored = MlflowClient().get_run(child.info.run_id)
    expect(stored.info.status, "FINISHED", "status")
    expect(stored.data.metrics, {"m": 2.0})
    expect(len(MlflowClient().search_runs([experiment])), 2, "runs")


@test
def experiments_from_birth_to_restore():
    client = MlflowClient()
    name = f"clients-{uuid.uuid4().hex}"
    experiment = client.create_experiment(name, tags={"k": "v"})
    expect_error("RESOURCE_ALREADY_EXISTS", "already exists",
                 lambda: client.create_experiment(name))
    found = client.get_experiment_by_name(name)
    expect(found.experiment_id, experiment)
    expect(found.tags, {"k": "v"})
    expect(found.artifact_location, f"mlflow-artifacts:/{experiment}")
    client.set_experiment_tag(experiment, "k", "w")
    client.rename_experiment(experiment, name + "-renamed")
    expect(client.get_experiment(experiment).name, name + "-renamed")
    expect(client.get_experiment(experiment).tags, {"k": "w"})
    expect(client.get_experiment_by_name(name), None, "the old name")
    run = client.create_run(experiment)
    client.delete_experiment(experiment)
    expect(client.get_experiment(experiment).lifecycle_stage, "deleted")
    expect(client.get_run(run.info.run_id).info.lifecycle_stage, "deleted")
    expect_error("INVALID_PARAMETER_VALUE", "must be in the 'active' state",
                 lambda: client.create_run(experiment))
    client.restore_experiment(experiment)
    expect(client.get_run(run.info.run_id).info.lifecycle_stage, "active")
    expect_error("RESOURCE_DOES_NOT_EXIST", "", lambda: client.get_experiment("999999999"))
    expect(client.get_experiment("0").name, "Default")


@test
def search_experiments_pages():
    client = MlflowClient()
    made = {client.create_experiment(f"clients-{uuid.uuid4().hex}") for _ in range(5)}
    seen, token = [], None
    while True:
        page = client.search_experiments(max_results=2, page_token=token)
        seen += [e.experiment_id for e in page]
        token = page.token
        if not token:
            break
    expect(made <= set(seen), True, "all of them")
    expect(len(seen), len(set(seen)), "each once")
    deleted = next(iter(made))
    client.delete_experiment(deleted)
    ids = [e.experiment_id for e in client.search_experiments(ViewType.DELETED_ONLY)]
    expect(deleted in ids, True, "deleted ones")


@test
def runs_deleted_and_restored():
    client = MlflowClient()
    experiment = new_experiment()
    run = client.create_run(experiment).info.run_id
    client.delete_run(run)
    client.delete_run(run)
    expect_error("INVALID_PARAMETER_VALUE", "Current state is deleted",
                 lambda: client.log_metric(run, "m", 1))
    expect_error("INVALID_PARAMETER_VALUE", "Current state is deleted",
                 lambda: client.set_tag(run, "k", 1))
    expect(len(client.search_runs([experiment])), 0, "active")
    expect(len(client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)), 1)
    client.restore_run(run)
    client.log_metric(run, "m", 1)
    expect(client.get_run(run).data.metrics, {"m": 1.0})
    unknown = "0" * 31 + "1"
    expect_error("RESOURCE_DOES_NOT_EXIST", f"Run with id={unknown} not found",
                 lambda: client.get_run(unknown))
    expect_error("RESOURCE_DOES_NOT_EXIST", "not found", lambda: client.log_metric(unknown, "m", 1))


@test
def params_are_written_once():
    client = MlflowClient()
    run = client.create_run(new_experiment()).info.run_id
    client.log_param(run, "p", "1")
    client.log_param(run, "p", "1")
    expect_error("INVALID_PARAMETER_VALUE", "Changing param values is not allowed",
                 lambda: client.log_param(run, "p", "2"))
    expect_error("INVALID_PARAMETER_VALUE", "Changing param values is not allowed",
                 lambda: client.log_batch(run, metrics=[Metric("m", 1, 1, 1)],
                                          params=[Param("q", "1"), Param("p", "3")],
                                          tags=[RunTag("t", "1")]))
    stored = client.get_run(run)
    expect((stored.data.params, stored.data.metrics), ({"p": "1"}, {}), "nothing of that batch")
    expect("t" in stored.data.tags, False)
    client.log_param(run, "long", "x" * 7000)
    expect(len(client.get_run(run).data.params["long"]), 6000, "cut")


@test
def tags():
    client = MlflowClient()
    run = client.create_run(new_experiment(), run_name="before").info.run_id
    client.set_tag(run, "k", "1")
    client.set_tag(run, "k", "2")
    client.set_tag(run, "mlflow.runName", "after")
    expect(client.get_run(run).info.run_name, "after")
    client.update_run(run, name="again")
    expect(client.get_run(run).data.tags["mlflow.runName"], "again")
    client.delete_tag(run, "k")
    expect("k" in client.get_run(run).data.tags, False)
    expect_error("RESOURCE_DOES_NOT_EXIST", "No tag with name: k", lambda: client.delete_tag(run, "k"))


@test
def batches():
    client = MlflowClient()
    run = client.create_run(new_experiment()).info.run_id
    now = int(time.time() * 1000)
    metrics = [Metric(f"m{i % 10}", i * 0.5, now + i, i) for i in range(1000)]
    client.log_batch(run, metrics=metrics)
    client.log_batch(run, params=[Param(f"p{i}", str(i)) for i in range(100)],
                     tags=[RunTag(f"t{i}", str(i)) for i in range(100)])
    stored = client.get_run(run)
    expect(stored.data.metrics, {f"m{i}": (990 + i) * 0.5 for i in range(10)})
    expect(len(stored.data.params), 100)
    points = client.get_metric_history(run, "m3")
    expect([(p.step, p.value, p.timestamp) for p in points],
           [(i, i * 0.5, now + i) for i in range(3, 1000, 10)])
    with mlflow.start_run(run_id=run):
        mlflow.log_metrics({f"many{i}": i for i in range(2500)})
    expect(len(client.get_run(run).data.metrics), 2510)
    answer = post("runs/log-batch", {"run_id": run, "params": [{"key": f"x{i}", "value": "1"}
                                                                for i in range(101)]})
    expect(answer.status_code, 400)
    expect("at most 100 params. Got 101" in answer.json()["message"], True, answer.text)


@test
def odd_values():
    client = MlflowClient()
    run = client.create_run(new_experiment()).info.run_id
    client.log_metric(run, "nan", math.nan, timestamp=5, step=-3)
    client.log_metric(run, "nan", math.nan, timestamp=5, step=-3)
    client.log_metric(run, "inf", math.inf)
    client.log_metric(run, "small", 5e-324)
    stored = client.get_run(run).data.metrics
    expect(math.isnan(stored["nan"]), True)
    expect(stored["inf"] >= 1.7976931348623157e308, True)
    expect(stored["small"], 5e-324)
    points = client.get_metric_history(run, "nan")
    expect([(p.timestamp, p.step) for p in points], [(5, -3)], "stored once")
    expect(client.get_metric_history(run, "never"), [])
    expect_error("INVALID_PARAMETER_VALUE", "", lambda: client.log_metric(run, "a//b", 1))
    expect_error("INVALID_PARAMETER_VALUE", "", lambda: client.log_metric(run, "a$b", 1))
    client.log_metric(run, "größe/π: 1.0", 1)


@test
def history_order_and_latest():
    client = MlflowClient()
    run = client.create_run(new_experiment()).info.run_id
    points = [(5, 30), (1, 20), (9, 10), (5, 10), (5, 30)]
    for step, timestamp in points:
        client.log_metric(run, "m", step + timestamp / 100, timestamp=timestamp, step=step)
    history = [(p.timestamp, p.step) for p in client.get_metric_history(run, "m")]
    expect(history, [(10, 5), (10, 9), (20, 1), (30, 5)])
    expect(client.get_run(run).data.metrics["m"], 9.1, "the greatest step's")


@test
def history_in_pages():
    client = MlflowClient()
    run = client.create_run(new_experiment()).info.run_id
    for first in range(0, 30_000, 1000):
        client.log_batch(run, [Metric("m", i, i, i) for i in range(first, first + 1000)])
    history = client.get_metric_history(run, "m")
    expect([p.step for p in history], list(range(30_000)))


@test
def search_runs_to_frames():
    experiment = new_experiment()
    for i in range(5):
        with mlflow.start_run(run_name=f"r{i}"):
            mlflow.log_metric("m", i)
            mlflow.log_param("p", i)
    frame = mlflow.search_runs([experiment])
    expect(len(frame), 5)
    expect(sorted(frame["metrics.m"]), [0, 1, 2, 3, 4])
    expect(set(frame["params.p"]), {"0", "1", "2", "3", "4"})
    client, seen, token = MlflowClient(), [], None
    while True:
        page = client.search_runs([experiment], max_results=2, page_token=token)
        seen += [r.data.params["p"] for r in page]
        token = page.token
        if not token:
            break
    expect(sorted(seen), ["0", "1", "2", "3", "4"], "each once")
    expect(len(client.search_runs([experiment], max_results=5)), 5)


@test
def many_threads_make_one_experiment():
    name, ids, errors = f"clients-{uuid.uuid4().hex}", set(), []

    def work(number):
        try:
            client = MlflowClient()
            try:
                ids.add(client.create_experiment(name))
            except MlflowException as error:
                expect(error.error_code, "RESOURCE_ALREADY_EXISTS")
                ids.add(client.get_experiment_by_name(name).experiment_id)
            run = client.create_run(next(iter(ids)))
            for step in range(20):
                client.log_metric(run.info.run_id, "m", number, step=step)
        except Exception as error:  # pylint: disable=broad-except
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(errors, [])
    expect(len(ids), 1, "one winner")
    expect(len(MlflowClient().search_runs(list(ids))), 8)


@test
def bulk_histories():
    client = MlflowClient()
    experiment = new_experiment()
    runs = [client.create_run(experiment).info.run_id for _ in range(2)]
    for run in runs:
        client.log_batch(run, [Metric("m", i, i, i) for i in range(1000)])
    uri = os.environ["MLFLOW_TRACKING_URI"]
    answer = requests.get(f"{uri}/ajax-api/2.0/mlflow/metrics/get-history-bulk", timeout=30,
                          params={"run_id": runs, "metric_key": "m"}).json()
    expect(len(answer["metrics"]), 2000)
    expect([m["run_id"] for m in answer["metrics"]], [r for r in sorted(runs) for _ in range(1000)])
    answer = requests.get(f"{uri}/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval", timeout=30,
                          params={"run_ids": runs, "metric_key": "m", "max_results": 10}).json()
    steps = sorted({m["step"] for m in answer["metrics"]})
    expect(steps, list(range(0, 1000, 100)) + [999])


@test
def asynchronous_logging():
    if not hasattr(mlflow, "flush_async_logging"):
        return
    new_experiment()
    with mlflow.start_run() as run:
        for step in range(100):
            mlflow.log_metric("m", step, step=step, synchronous=False)
        mlflow.flush_async_logging()
    points = MlflowClient().get_metric_history(run.info.run_id, "m")
    expect([p.step for p in points], list(range(100)))


def main():
    names = sys.argv[1:]
    failed = 0
    for function in TESTS:
        if names and function.__name__ not in names:
            continue
        started = time.monotonic()
        try:
            function()
            print(f"ok      {function.__name__} ({time.monotonic() - started:.2f} s)", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"FAILED  {function.__name__}", flush=True)
            traceback.print_exc()
    print(f"mlflow {mlflow.__version__}: {failed} of {len(TESTS)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
