//! How busy process and machine are, as series under `system/`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::environment::{Places, small_file};
use super::gpu;

/// Which figures of process and machine are recorded, and how often. Their series are listed in
/// `docs/recording.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemOptions {
    /// Time between two samples. Default 10 s.
    pub every: Duration,
    /// Whether `nvidia-smi` is asked.
    pub gpus: bool,
    /// How long `nvidia-smi` may take. Default 5 s.
    pub patience: Duration,
    /// Where programs and files about the system are.
    pub places: Places,
}

impl Default for SystemOptions {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(10),
            gpus: true,
            patience: Duration::from_secs(5),
            places: Places::default(),
        }
    }
}

/// Takes samples; rates are those since the sample before.
#[derive(Debug)]
pub(super) struct Sampler {
    proc: PathBuf,
    nvidia_smi: Option<PathBuf>,
    patience: Duration,
    before: Option<(Instant, Counters)>,
}

/// What only grows.
#[derive(Debug, Clone, Default)]
struct Counters {
    machine: Option<Ticks>,
    process_ticks: Option<u64>,
    disk: Option<(u64, u64)>,
    net: Option<(u64, u64)>,
}

/// Time of all processors together, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ticks {
    all: u64,
    idle: u64,
    processors: u32,
}

impl Sampler {
    pub(super) fn new(options: &SystemOptions) -> Self {
        Self {
            proc: options.places.proc.clone(),
            nvidia_smi: options.gpus.then(|| options.places.nvidia_smi.clone()),
            patience: options.patience,
            before: None,
        }
    }

    /// Names of series and their values now. Whatever the machine does not tell is left out.
    pub(super) fn sample(&mut self) -> Vec<(String, f64)> {
        let mut figures = Vec::new();
        let now = self.counters();
        if let Some((at, before)) = &self.before {
            rates(before, &now, at.elapsed(), &mut figures);
        }
        self.before = Some((Instant::now(), now));
        let mut add = |name: &str, value: Option<f64>| {
            if let Some(value) = value {
                figures.push((format!("system/{name}"), value));
            }
        };
        let meminfo = self.text("meminfo");
        let memory = |name| meminfo_bytes(&meminfo, name);
        add(
            "memory_bytes",
            memory("MemTotal")
                .zip(memory("MemAvailable"))
                .map(|(total, free)| float(total.saturating_sub(free))),
        );
        let status = self.text("self/status");
        add(
            "process_memory_bytes",
            meminfo_bytes(&status, "VmRSS").map(float),
        );
        add("load_1m", load(&self.text("loadavg")));
        if let Some(program) = &self.nvidia_smi {
            match gpu::sample(program, self.patience) {
                Some(gpus) => figures.extend(gpus),
                // Not there, or it hangs: it is not asked again.
                None => self.nvidia_smi = None,
            }
        }
        figures
    }

    fn counters(&self) -> Counters {
        Counters {
            machine: machine_ticks(&self.text("stat")),
            process_ticks: process_ticks(&self.text("self/stat")),
            disk: disk_bytes(&self.text("self/io")),
            net: net_bytes(&self.text("self/net/dev")),
        }
    }

    fn text(&self, file: impl AsRef<Path>) -> String {
        small_file(&self.proc.join(file)).unwrap_or_default()
    }
}

fn rates(before: &Counters, now: &Counters, elapsed: Duration, out: &mut Vec<(String, f64)>) {
    let mut add = |name: &str, value: f64| {
        if value.is_finite() {
            out.push((format!("system/{name}"), value));
        }
    };
    if let (Some(then), Some(ticks)) = (before.machine, now.machine) {
        let all = float(ticks.all.saturating_sub(then.all));
        let idle = float(ticks.idle.saturating_sub(then.idle));
        add("cpu_percent", 100.0 * (all - idle).max(0.0) / all);
        if let (Some(then), Some(process)) = (before.process_ticks, now.process_ticks) {
            let share = float(process.saturating_sub(then)) / all;
            add(
                "process_cpu_percent",
                100.0 * share * f64::from(ticks.processors),
            );
        }
    }
    let seconds = elapsed.as_secs_f64();
    let pairs = [
        (before.disk, now.disk, ["disk_read", "disk_written"]),
        (before.net, now.net, ["net_received", "net_sent"]),
    ];
    for (then, now, names) in pairs {
        let (Some(then), Some(now)) = (then, now) else {
            continue;
        };
        let grown = [now.0.saturating_sub(then.0), now.1.saturating_sub(then.1)];
        for (name, grown) in names.into_iter().zip(grown) {
            add(&format!("{name}_bytes_per_second"), float(grown) / seconds);
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure for a chart, with 15 digits"
)]
fn float(number: u64) -> f64 {
    number as f64
}

/// The bytes of a line such as `MemTotal:  16318412 kB`.
pub(super) fn meminfo_bytes(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        let mut words = value.split_ascii_whitespace();
        let number: u64 = words.next()?.parse().ok()?;
        (key == name && words.next() == Some("kB")).then(|| number.saturating_mul(1024))
    })
}

/// The load of the last minute in /proc/loadavg.
fn load(text: &str) -> Option<f64> {
    let load: f64 = text.split_ascii_whitespace().next()?.parse().ok()?;
    load.is_finite().then_some(load)
}

/// The first line of /proc/stat, and how many processors it counts.
fn machine_ticks(text: &str) -> Option<Ticks> {
    let mut all = None;
    let mut processors: u32 = 0;
    for line in text.lines() {
        let Some(rest) = line.strip_prefix("cpu") else {
            continue;
        };
        if rest.starts_with(|c: char| c.is_ascii_digit()) {
            processors = processors.saturating_add(1);
        } else if all.is_none() {
            // user nice system idle iowait irq softirq steal; guest time is part of user.
            let ticks: Vec<u64> = rest
                .split_ascii_whitespace()
                .take(8)
                .map_while(|number| number.parse().ok())
                .collect();
            let idle = ticks.get(3)?.saturating_add(ticks.get(4).copied()?);
            let sum = ticks.iter().fold(0, |sum: u64, n| sum.saturating_add(*n));
            all = Some((sum, idle));
        }
    }
    let (all, idle) = all?;
    Some(Ticks {
        all,
        idle,
        processors: processors.max(1),
    })
}

/// Ticks of user and system time in /proc/self/stat. The program's name may hold anything but ends at
/// the last parenthesis.
fn process_ticks(text: &str) -> Option<u64> {
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    user.checked_add(system)
}

/// Bytes that the process had read from and written to disks, in /proc/self/io.
fn disk_bytes(text: &str) -> Option<(u64, u64)> {
    let field = |name: &str| -> Option<u64> {
        let value = text.lines().find_map(|line| line.strip_prefix(name))?;
        value.trim().parse().ok()
    };
    Some((field("read_bytes:")?, field("write_bytes:")?))
}

/// Bytes that all interfaces but the loopback received and sent, in /proc/net/dev.
fn net_bytes(text: &str) -> Option<(u64, u64)> {
    let mut sums = None;
    for line in text.lines() {
        let Some((name, numbers)) = line.split_once(':') else {
            continue;
        };
        let numbers: Vec<u64> = numbers
            .split_ascii_whitespace()
            .map_while(|number| number.parse().ok())
            .collect();
        let (Some(received), Some(sent)) = (numbers.first(), numbers.get(8)) else {
            continue;
        };
        if name.trim() != "lo" {
            let (all_received, all_sent) = sums.unwrap_or((0_u64, 0_u64));
            sums = Some((
                all_received.saturating_add(*received),
                all_sent.saturating_add(*sent),
            ));
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "\
cpu  100 0 50 800 50 0 0 0 0 0
cpu0 50 0 25 400 25 0 0 0 0 0
cpu1 50 0 25 400 25 0 0 0 0 0
intr 5 0
ctxt 9
";

    #[test]
    fn ticks_of_the_machine() {
        let ticks = machine_ticks(STAT).unwrap();
        assert_eq!((ticks.all, ticks.idle, ticks.processors), (1000, 850, 2));
        for odd in [
            "",
            "cpu",
            "cpu x y z",
            "cpu 1 2 3",
            "cpu0 1 2 3 4 5",
            "\0\u{ff}",
        ] {
            assert_eq!(machine_ticks(odd), None, "{odd:?}");
        }
        let full = format!("cpu {m} {m} {m} {m} {m}\n", m = u64::MAX);
        assert_eq!(machine_ticks(&full).unwrap().all, u64::MAX);
    }

    #[test]
    fn ticks_of_a_process_with_a_mean_name() {
        let stat = "12 (a) b (c) R 1 12 12 0 -1 4194304 122 0 0 0 30 12 0 0 20 0 1 0";
        assert_eq!(process_ticks(stat), Some(42));
        assert_eq!(process_ticks("12 (a R 1"), None);
        assert_eq!(process_ticks(""), None);
    }

    #[test]
    fn other_files_of_the_process_file_system() {
        let meminfo = "MemTotal:       100 kB\nMemAvailable:    40 kB\nHugePages_Total:  3\n";
        assert_eq!(meminfo_bytes(meminfo, "MemAvailable"), Some(40 << 10));
        assert_eq!(meminfo_bytes(meminfo, "HugePages_Total"), None);
        assert_eq!(load("1.53 1.14 1.13 2/345 1236\n"), Some(1.53));
        assert_eq!(load("nan"), None);
        let io = "rchar: 9\nread_bytes: 4096\nwrite_bytes: 12\ncancelled_write_bytes: 0\n";
        assert_eq!(disk_bytes(io), Some((4096, 12)));
        assert_eq!(disk_bytes("read_bytes: -1\nwrite_bytes: 2"), None);
        let net = "Inter-| Receive | Transmit\n face |bytes packets|bytes\n    lo: 9 1 0 0 0 0 0 0 9 1\n  \
                   eth0: 10 1 0 0 0 0 0 0 20 1\n  eth1:1 1 0 0 0 0 0 0 2 1\n  odd: x\n";
        assert_eq!(net_bytes(net), Some((11, 22)));
        assert_eq!(net_bytes("    lo: 9 1 0 0 0 0 0 0 9 1\n"), None);
    }

    #[test]
    fn rates_are_those_since_the_sample_before() {
        let counters = |machine: (u64, u64), process, disk| Counters {
            machine: Some(Ticks {
                all: machine.0,
                idle: machine.1,
                processors: 4,
            }),
            process_ticks: Some(process),
            disk: Some((disk, 0)),
            net: None,
        };
        let (before, now) = (
            counters((1000, 500), 10, 0),
            counters((2000, 750), 510, 8192),
        );
        let mut figures = Vec::new();
        rates(&before, &now, Duration::from_secs(2), &mut figures);
        let figures: Vec<_> = figures.iter().map(|(n, v)| (n.as_str(), *v)).collect();
        assert_eq!(
            figures,
            [
                ("system/cpu_percent", 75.0),
                ("system/process_cpu_percent", 200.0),
                ("system/disk_read_bytes_per_second", 4096.0),
                ("system/disk_written_bytes_per_second", 0.0),
            ]
        );
        // A counter that was set back, and no time at all.
        figures_of_nonsense(&now, &before);
    }

    fn figures_of_nonsense(before: &Counters, now: &Counters) {
        let mut figures = Vec::new();
        rates(before, now, Duration::ZERO, &mut figures);
        assert!(figures.iter().all(|(_, value)| value.is_finite()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine() {
        let options = SystemOptions {
            gpus: false,
            ..SystemOptions::default()
        };
        let mut sampler = Sampler::new(&options);
        let first = sampler.sample();
        let names: Vec<_> = first.iter().map(|(name, _)| name.as_str()).collect();
        let expected = ["memory_bytes", "process_memory_bytes", "load_1m"];
        assert_eq!(names, expected.map(|name| format!("system/{name}")));
        std::thread::sleep(Duration::from_millis(30));
        assert!(sampler.sample().len() >= first.len());
    }

    #[test]
    fn a_machine_that_tells_nothing() {
        let options = SystemOptions {
            places: Places {
                proc: "/no/such/folder".into(),
                nvidia_smi: "/no/such/program".into(),
                ..Places::default()
            },
            ..SystemOptions::default()
        };
        let mut sampler = Sampler::new(&options);
        assert_eq!(sampler.sample(), []);
        assert_eq!(sampler.sample(), []);
        assert_eq!(sampler.nvidia_smi, None);
    }
}
