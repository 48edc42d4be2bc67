"""One peer in a process of its own: peer.py PEER cost|kill|read FOLDER CALLS

cost: logs CALLS points, prints the duration of each call (percentiles) as JSON.
kill: logs 200 points a second and kills itself with SIGKILL right behind call CALLS.
read: reads back all points, prints how many there are and how long that took.
"""

import glob
import json
import math
import os
import signal
import struct
import sys
import time


def value(step):
    return 1.0 / (step + 1) + 0.01 * math.sin(step)


class JsonLines:
    def start(self):
        self.file = open("points.jsonl", "a")

    def log(self, step):
        self.file.write(json.dumps({"name": "loss", "step": step, "value": value(step), "time": time.time()}) + "\n")
        self.file.flush()

    def finish(self):
        self.file.close()

    def read(self):
        if not os.path.exists("points.jsonl"):
            return []
        points = []
        for line in open("points.jsonl"):
            point = json.loads(line)
            points.append((point["step"], point["value"]))
        return points


class TensorboardX:
    def start(self):
        from tensorboardX import SummaryWriter

        self.writer = SummaryWriter("runs")

    def log(self, step):
        self.writer.add_scalar("loss", value(step), step)

    def finish(self):
        self.writer.close()

    def read(self):
        from tensorboardX.proto.event_pb2 import Event

        points = []
        for path in sorted(glob.glob("runs/events*")):
            data = open(path, "rb").read()
            at = 0
            while at + 12 <= len(data):
                (length,) = struct.unpack_from("<Q", data, at)
                if at + 16 + length > len(data):
                    break
                event = Event.FromString(data[at + 12 : at + 12 + length])
                at += 16 + length
                points += [(event.step, v.simple_value) for v in event.summary.value if v.tag == "loss"]
        return points


class Trackio:
    def start(self):
        import trackio

        self.trackio = trackio
        trackio.init(project="p", name="r", embed=False, auto_log_gpu=False, auto_log_cpu=False)

    def log(self, step):
        self.trackio.log({"loss": value(step)}, step=step)

    def finish(self):
        self.trackio.finish()

    def read(self):
        from trackio.sqlite_storage import SQLiteStorage

        return [(row["step"], row["loss"]) for row in SQLiteStorage.get_logs("p", "r") if "loss" in row]


class Aim:
    def start(self):
        from aim import Run

        self.run = Run(repo=".", system_tracking_interval=None, log_system_params=False, capture_terminal_logs=False)

    def log(self, step):
        self.run.track(value(step), name="loss", step=step)

    def finish(self):
        self.run.close()

    def read(self):
        from aim import Repo

        points = []
        for run in Repo(".").query_metrics("metric.name == 'loss'", report_mode=0).iter_runs():
            for metric in run:
                steps, (values, _, _) = metric.data.numpy()
                points += list(zip(steps, values))
        return points


class Wandb:
    def start(self):
        import wandb

        self.run = wandb.init(project="p", mode="offline", dir=".")

    def log(self, step):
        self.run.log({"loss": value(step)}, step=step)

    def finish(self):
        self.run.finish()

    def read(self):
        from wandb.proto.wandb_internal_pb2 import Record

        points = []
        for path in glob.glob("wandb/offline-run-*/*.wandb"):
            for data in log_records(open(path, "rb").read()):
                record = Record.FromString(data)
                if record.WhichOneof("record_type") == "history":
                    row = {i.key or ".".join(i.nested_key): i.value_json for i in record.history.item}
                    if "loss" in row:
                        points.append((int(row["_step"]), float(row["loss"])))
        return points


def log_records(data, block=32768):
    """The records of LevelDB's log format behind W&B's seven bytes of header."""
    at, parts = 7, b""
    while at + 7 <= len(data):
        left = block - at % block
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        if kind == 0 or at + 7 + length > len(data):
            return
        part = data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 2):
            parts = b""
        parts += part
        if kind in (1, 4):
            yield parts


class Mlflow:
    synchronous = True

    def start(self):
        import mlflow

        self.mlflow = mlflow
        self.run = mlflow.start_run()

    def log(self, step):
        self.mlflow.log_metric("loss", value(step), step=step, synchronous=self.synchronous)

    def finish(self):
        if not self.synchronous:
            self.mlflow.flush_async_logging()
        self.mlflow.end_run()

    def read(self):
        import mlflow

        client = mlflow.MlflowClient()
        runs = [run for one in client.search_experiments() for run in client.search_runs([one.experiment_id])]
        return [(m.step, m.value) for run in runs for m in client.get_metric_history(run.info.run_id, "loss")]


class MlflowAsync(Mlflow):
    synchronous = False


PEERS = {
    "json-lines": JsonLines,
    "tensorboardx": TensorboardX,
    "trackio": Trackio,
    "aim": Aim,
    "wandb-offline": Wandb,
    "mlflow-sync": Mlflow,
    "mlflow-async": MlflowAsync,
}


def cost(peer, calls):
    peer.start()
    clock, nanos = time.perf_counter_ns, []
    for step in range(calls):
        began = clock()
        peer.log(step)
        nanos.append(clock() - began)
    peer.finish()
    nanos.sort()
    return {"calls": calls, "median_ns": nanos[calls // 2], "p99_ns": nanos[calls * 99 // 100]}


def kill(peer, calls):
    peer.start()
    # What start-up left to do is not what is asked for here.
    time.sleep(1)
    next_call = time.perf_counter()
    for step in range(calls):
        peer.log(step)
        next_call += 1 / 200
        if step + 1 < calls:
            time.sleep(max(0.0, next_call - time.perf_counter()))
    os.kill(os.getpid(), signal.SIGKILL)


def read(peer):
    began = time.perf_counter()
    points = peer.read()
    seconds = time.perf_counter() - began
    good = {int(step) for step, found in points if math.isclose(found, value(int(step)), rel_tol=1e-6)}
    return {"points": len(good), "ms": seconds * 1e3}


def main():
    name, mode, folder, calls = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    os.chdir(folder)
    os.environ["TRACKIO_DIR"] = os.path.join(folder, "trackio")
    peer = PEERS[name]()
    result = {"cost": cost, "kill": kill, "read": lambda peer, _: read(peer)}[mode](peer, calls)
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
