"""A server that is killed again and again while MLflow's client logs to it: what the client was told is
stored is there, once, and its own retries lead to exactly what it logged.

    python kill_test.py STEPWELL [KILLS]
"""

import os
import signal
import subprocess
import sys
import tempfile

# The first retry comes at once, the next ones after 2, 4 … s: the server is back by then.
os.environ["MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import Metric, Param  # noqa: E402


class Server:
    def __init__(self, program, directory):
        self.program, self.directory, self.address = program, directory, "127.0.0.1:0"
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "serve", "--data", self.directory, "--listen", self.address],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self.process.stdout.readline().split("ready on ")[1].split(",")[0]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait()


def main():
    program, kills = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as directory:
        server = Server(program, directory)
        client = MlflowClient(f"http://{server.address}")
        run = client.create_run("0").info.run_id
        step, expected = 0, []
        for number in range(kills):
            for _ in range(50):
                client.log_metric(run, "m", step * 0.5, timestamp=step, step=step)
                expected.append(step)
                step += 1
            server.kill()
            # Its connection is gone: the client finds out, and tries again.
            server.start()
            batch = [Metric("m", s * 0.5, s, s) for s in range(step, step + 100)]
            client.log_batch(run, metrics=batch, params=[Param(f"p{number}", str(number))])
            expected += range(step, step + 100)
            step += 100
        server.kill()
        server.start()
        points = client.get_metric_history(run, "m")
        assert [p.step for p in points] == expected, "points"
        assert [p.value for p in points] == [s * 0.5 for s in expected], "values"
        params = client.get_run(run).data.params
        assert params == {f"p{n}": str(n) for n in range(kills)}, params
        assert server.stop() == 0, "the end in order"
    print(f"ok      {kills + 1} kills, {len(expected)} points")


if __name__ == "__main__":
    main()
