//! What `nvidia-smi` says about graphics processors.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::program::run;

/// Bytes of an answer that are read: some 600 graphics processors.
const MOST: usize = 64 << 10;

/// A graphics processor.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Gpu {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Bytes of its memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Version of its driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
}

/// The graphics processors that `nvidia-smi` lists; none where it is not there.
pub(super) fn list(program: &Path, patience: Duration) -> Vec<Gpu> {
    ask(program, "index,name,memory.total,driver_version", patience)
        .map(|text| parse_list(&text))
        .unwrap_or_default()
}

/// How busy each is: names of series and values; `None` where `nvidia-smi` does not answer.
pub(super) fn sample(program: &Path, patience: Duration) -> Option<Vec<(String, f64)>> {
    let fields = "index,utilization.gpu,memory.used,temperature.gpu,power.draw";
    Some(parse_sample(&ask(program, fields, patience)?))
}

fn ask(program: &Path, fields: &str, patience: Duration) -> Option<String> {
    let query = format!("--query-gpu={fields}");
    let said = run(
        program,
        &[&query, "--format=csv,noheader,nounits"],
        MOST,
        patience,
    )?;
    said.success
        .then(|| String::from_utf8_lossy(&said.bytes).into_owned())
}

/// A line each; what a device does not know is `[N/A]` or `[Not Supported]`.
fn parse_list(text: &str) -> Vec<Gpu> {
    let gpu = |line: &str| {
        let mut fields = line.split(',').map(str::trim);
        let index = fields.next()?.parse().ok()?;
        let name = fields.next().filter(|name| !name.is_empty())?.to_owned();
        let mebibytes: Option<u64> = fields.next().and_then(|field| field.parse().ok());
        Some(Gpu {
            index,
            name,
            memory_bytes: mebibytes.and_then(|mebibytes| mebibytes.checked_mul(1 << 20)),
            driver: fields
                .next()
                .filter(|driver| !driver.is_empty() && !driver.starts_with('['))
                .map(str::to_owned),
        })
    };
    let mut gpus: Vec<Gpu> = text.lines().filter_map(gpu).collect();
    gpus.sort_by_key(|gpu| gpu.index);
    gpus
}

fn parse_sample(text: &str) -> Vec<(String, f64)> {
    const FIGURES: [(&str, f64); 4] = [
        ("percent", 1.0),
        ("memory_bytes", 1_048_576.0),
        ("celsius", 1.0),
        ("watts", 1.0),
    ];
    let mut figures = Vec::new();
    for line in text.lines() {
        let mut fields = line.split(',').map(str::trim);
        let Some(index) = fields.next().and_then(|field| field.parse::<u32>().ok()) else {
            continue;
        };
        for ((name, unit), field) in FIGURES.iter().zip(fields) {
            if let Ok(value) = field.parse::<f64>()
                && value.is_finite()
            {
                figures.push((format!("system/gpu{index}_{name}"), value * unit));
            }
        }
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_left_out() {
        let gpus = parse_list(
            "1, NVIDIA A100-SXM4-40GB, 40960, 535.104.05\n0, Tesla K80, [N/A], [N/A]\nfailed\n7\n",
        );
        assert_eq!(gpus.len(), 2);
        assert_eq!((gpus[0].index, gpus[0].memory_bytes), (0, None));
        assert_eq!(gpus[0].driver, None);
        assert_eq!(gpus[1].memory_bytes, Some(40960 << 20));
        assert_eq!(gpus[1].driver.as_deref(), Some("535.104.05"));

        let figures =
            parse_sample("0, 97, 1024, 61, [Not Supported]\nNo devices were found\n1, inf");
        let figures: Vec<_> = figures.iter().map(|(n, v)| (n.as_str(), *v)).collect();
        assert_eq!(
            figures,
            [
                ("system/gpu0_percent", 97.0),
                ("system/gpu0_memory_bytes", 1_073_741_824.0),
                ("system/gpu0_celsius", 61.0),
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_program_in_the_place_of_nvidia_smi() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("smi");
        let script = "#!/bin/sh\ncase \"$1\" in\n*driver*) echo '0, Fake 1, 8, 1.2' ;;\n\
                      *) echo '0, 50, 4, 40, 30.5' ;;\nesac\n";
        crate::files::write_atomic(&program, script.as_bytes()).unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&program, mode).unwrap();
        let patience = Duration::from_secs(20);
        let gpus = list(&program, patience);
        assert_eq!((gpus.len(), gpus[0].name.as_str()), (1, "Fake 1"));
        let figures = sample(&program, patience).unwrap();
        assert_eq!(figures[3], ("system/gpu0_watts".to_owned(), 30.5));
        assert_eq!(sample(Path::new("/bin/false"), patience), None);
    }
}
