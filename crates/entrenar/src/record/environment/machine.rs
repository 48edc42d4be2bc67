//! System, kernel, processors and memory.

use std::path::Path;

use serde::Serialize;

use super::small_file;
use crate::record::system::meminfo_bytes;

/// The machine that a training runs on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Machine {
    /// The system, such as `Debian GNU/Linux 12 (bookworm)`.
    pub system: String,
    /// The kernel's release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// The instruction set, such as `x86_64`.
    pub architecture: String,
    /// Name of the processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Processors that the system has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<usize>,
    /// Processors that this process may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus_usable: Option<usize>,
    /// Bytes of memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
}

impl Machine {
    pub(super) fn read(proc: &Path, os_release: &Path) -> Self {
        let cpuinfo = small_file(&proc.join("cpuinfo")).unwrap_or_default();
        let (cpu, cpus) = processors(&cpuinfo);
        Self {
            system: small_file(os_release)
                .and_then(|text| pretty_name(&text))
                .unwrap_or_else(|| std::env::consts::OS.to_owned()),
            kernel: small_file(&proc.join("sys/kernel/osrelease"))
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty()),
            architecture: std::env::consts::ARCH.to_owned(),
            cpu,
            cpus,
            cpus_usable: std::thread::available_parallelism().ok().map(usize::from),
            memory_bytes: small_file(&proc.join("meminfo"))
                .and_then(|text| meminfo_bytes(&text, "MemTotal")),
        }
    }
}

/// The system's name in a file in the form of os-release(5).
fn pretty_name(text: &str) -> Option<String> {
    let value = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("PRETTY_NAME="))?;
    let value = value.trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

/// Name and number of the processors in /proc/cpuinfo. ARM gives no name.
fn processors(text: &str) -> (Option<String>, Option<usize>) {
    let field = |line: &str, name: &str| -> Option<String> {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    };
    let names = ["model name", "Model", "cpu"];
    let name = names
        .iter()
        .find_map(|name| text.lines().find_map(|line| field(line, name)));
    let count = text
        .lines()
        .filter(|line| field(line, "processor").is_some())
        .count();
    (
        name.filter(|name| !name.is_empty()),
        (count > 0).then_some(count),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_cpuinfo() {
        let intel =
            "processor\t: 0\nmodel name\t: Xeon(R)\n\nprocessor\t: 1\nmodel name\t: Xeon(R)\n";
        assert_eq!(processors(intel), (Some("Xeon(R)".into()), Some(2)));
        let arm = "processor\t: 0\nBogoMIPS\t: 48.00\n\nModel\t\t: Raspberry Pi 4\n";
        assert_eq!(processors(arm), (Some("Raspberry Pi 4".into()), Some(1)));
        let power = "processor : 0\ncpu : POWER9, altivec supported\n";
        assert_eq!(
            processors(power).0.as_deref(),
            Some("POWER9, altivec supported")
        );
        assert_eq!(processors("\0 no such : form\n:::\n"), (None, None));
    }

    #[test]
    fn names_of_systems() {
        assert_eq!(
            pretty_name("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n").as_deref(),
            Some("Debian GNU/Linux 12")
        );
        assert_eq!(pretty_name("PRETTY_NAME=Alpine"), Some("Alpine".into()));
        assert_eq!(pretty_name("PRETTY_NAME=\"\"\nNAME=x"), None);
    }

    #[test]
    fn a_machine_that_tells_nothing() {
        let nothing = Path::new("/no/such/folder");
        let machine = Machine::read(nothing, nothing);
        assert_eq!(machine.system, std::env::consts::OS);
        assert_eq!((machine.cpu, machine.memory_bytes), (None, None));
    }
}
