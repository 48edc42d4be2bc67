//! Finds in texts what tells who somebody is.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::identity::{Identities, IdentityKind, is_common};

/// Hosts whose addresses name the owner of what is there, and those they stand for.
const FORGES: [&str; 29] = [
    "app.neptune.ai",
    "bitbucket.org",
    "codeberg.org",
    "codeocean.com",
    "colab.research.google.com",
    "comet.com",
    "dagshub.com",
    "docs.google.com",
    "drive.google.com",
    "dropbox.com",
    "figshare.com",
    "gist.github.com",
    "gitee.com",
    "github.com",
    "githubusercontent.com",
    "gitlab.com",
    "hub.docker.com",
    "huggingface.co",
    "kaggle.com",
    "launchpad.net",
    "linkedin.com",
    "mybinder.org",
    "nbviewer.jupyter.org",
    "nbviewer.org",
    "orcid.org",
    "osf.io",
    "sourceforge.net",
    "sr.ht",
    "wandb.ai",
];
/// Sites of one person or organisation each, below these.
const PAGES: [&str; 5] = [
    "github.io",
    "gitlab.io",
    "readthedocs.io",
    "netlify.app",
    "hf.space",
];

/// A run of so many characters of base64 is no path.
const LONGEST_PATH: usize = 400;

/// Folders of every system, which say nothing about who uses it.
const SYSTEM_FOLDERS: [&str; 18] = [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/kaggle",
    "/lib",
    "/lib32",
    "/lib64",
    "/opt/conda",
    "/opt/python",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/tmp",
    "/usr",
    "/var/lib",
    "/var/log",
];
/// Folders of installed libraries: what is below them is public.
const LIBRARY_FOLDERS: [&str; 4] = [
    "/site-packages/",
    "/dist-packages/",
    "/node_modules/",
    "/.cargo/registry/",
];

/// Fields of metadata that hold a person's or a computer's names.
const PERSONAL_FIELDS: [(&str, IdentityKind); 36] = [
    ("account", IdentityKind::User),
    ("affiliation", IdentityKind::Organisation),
    ("author", IdentityKind::Person),
    ("authors", IdentityKind::Person),
    ("avatar", IdentityKind::Repository),
    ("avatarurl", IdentityKind::Repository),
    ("computer", IdentityKind::Host),
    ("contributors", IdentityKind::Person),
    ("creator", IdentityKind::Person),
    ("displayname", IdentityKind::Person),
    ("email", IdentityKind::Email),
    ("entity", IdentityKind::Organisation),
    ("fullname", IdentityKind::Person),
    ("host", IdentityKind::Host),
    ("hostname", IdentityKind::Host),
    ("hubuser", IdentityKind::User),
    ("institution", IdentityKind::Organisation),
    ("ip", IdentityKind::Host),
    ("lab", IdentityKind::Organisation),
    ("login", IdentityKind::User),
    ("machine", IdentityKind::Host),
    ("mail", IdentityKind::Email),
    ("maintainer", IdentityKind::Person),
    ("nodename", IdentityKind::Host),
    ("organisation", IdentityKind::Organisation),
    ("organization", IdentityKind::Organisation),
    ("owner", IdentityKind::Person),
    ("photourl", IdentityKind::Repository),
    ("repo", IdentityKind::Repository),
    ("repository", IdentityKind::Repository),
    ("university", IdentityKind::Organisation),
    ("user", IdentityKind::User),
    ("userid", IdentityKind::Identifier),
    ("username", IdentityKind::User),
    ("wandbentity", IdentityKind::Organisation),
    ("workdir", IdentityKind::Path),
];

/// The kind of identity that a field of that name holds.
pub(super) fn personal_field(name: &str) -> Option<IdentityKind> {
    let folded: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    PERSONAL_FIELDS
        .iter()
        .find(|(field, _)| *field == folded)
        .map(|(_, kind)| *kind)
}

#[expect(
    clippy::unwrap_used,
    reason = "the expressions are constants; a test compiles each"
)]
fn regex(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

macro_rules! expressions {
    ($($name:ident = $text:expr;)*) => {
        $(static $name: LazyLock<Regex> = LazyLock::new(|| regex($text));)*

        #[cfg(test)]
        fn all() -> Vec<&'static Regex> {
            vec![$(&*$name),*]
        }
    };
}

expressions! {
    EMAIL = r"(?i)[a-z0-9][a-z0-9._%+-]*@(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|mil|int|info|biz|dev|app|io|ai|me|xyz|cloud|science|research|academy|institute|[a-z]{2})\b\(?";
    ADDRESS = r#"(?i)\b(?:git\+)?(?:https?|ssh|git|ftp|s3|gs|hdfs|wss?)://[^\s"'`<>\\{}|^\[\]\x1b]+"#;
    SCP = r"\b[\w.-]+@[\w.-]+:[\w.~/-]+\.git\b|\bgit@[\w.-]+:[\w.~/-]+";
    UNIX_PATH = r#"(?:^|[^\w/.:\\~-])((?:/[\p{L}\p{N}_.@+~%$#,-]+){2,}/?)|(?:^|[^\w/.\\])(~[\w.-]*/[\w./@+~%-]+)"#;
    WINDOWS_PATH = r#"\b[A-Za-z]:(?:\\\\|\\|/)[^\s"'<>|:*?\x1b]+"#;
    HOME = r"(?i)(?:^|[/\\])(?:home|users|export/home|scratch|u)[/\\]+([^/\\\s:]+)";
    PROMPT = r"(?m)^\s*[(\[\w)-]*\s*\[?([A-Za-z_][\w.-]*)@([A-Za-z][\w.-]*)[: ][~/\w.-]*\]?\s*[$#%>]";
    VARIABLE = r#"(?m)\b(USER|LOGNAME|USERNAME|HOSTNAME|HOST|SLURMD_NODENAME|SLURM_SUBMIT_HOST|COMPUTERNAME)\b['"]?\]?\s*[=:]\s*['"]?([\w.-]{2,})"#;
    KERNEL = r"\bLinux (\S+) \d+\.\d+\.\d+";
    DOMAIN = r"(?i)\b(?:[a-z0-9-]+\.)+(?:edu|local|lan|internal|intranet|corp|cluster|hpc|slurm)\b|\b(?:[a-z0-9-]+\.)+(?:ac|edu)\.[a-z]{2}\b";
    // Four numbers are a version more often than an address, unless something says so.
    IPV4 = r"(?i)((?:\b(?:inet|ip|addr|address|host|server|node|from|to|ssh|at)\b|//|@)[\s:='\x22]*)?\b((?:\d{1,3}\.){3}\d{1,3})\b(:\d{2,5}\b)?";
    ORCID = r"\b\d{4}-\d{4}-\d{4}-\d{3}[\dX]\b";
}

/// Adds to `identities` what `text` tells.
pub(super) fn in_text(text: &str, identities: &mut Identities) {
    for found in EMAIL.find_iter(text) {
        let address = found.as_str();
        let local = address.split('@').next().unwrap_or_default();
        // A call of a product of matrices, where a repository is, and nobody's address.
        if address.ends_with('(') || local == "git" || is_example(address) {
            continue;
        }
        identities.add(IdentityKind::Email, [address]);
        add_user(local, identities);
    }
    for found in SCP.find_iter(text) {
        identities.add(IdentityKind::Repository, [found.as_str()]);
    }
    for found in ADDRESS.find_iter(text) {
        address(found.as_str(), identities);
    }
    for path in UNIX_PATH
        .captures_iter(text)
        .filter_map(|found| found.get(1).or(found.get(2)))
        .chain(
            WINDOWS_PATH
                .captures_iter(text)
                .filter_map(|found| found.get(0)),
        )
    {
        if !is_in_encoded(text, path.start(), path.end()) {
            folder(path.as_str(), identities);
        }
    }
    for found in PROMPT.captures_iter(text) {
        add_user(group(&found, 1), identities);
        add_host(group(&found, 2), identities);
    }
    for found in VARIABLE.captures_iter(text) {
        let (name, value) = (group(&found, 1), group(&found, 2));
        if name.contains("USER") || name == "LOGNAME" {
            add_user(value, identities);
        } else {
            add_host(value, identities);
        }
    }
    for found in KERNEL.captures_iter(text) {
        add_host(group(&found, 1), identities);
    }
    for found in DOMAIN.find_iter(text) {
        // In an address it is where something public is.
        let before = text.get(..found.start()).unwrap_or_default();
        if !before.ends_with("://") && !before.ends_with("://www.") {
            add_host(found.as_str(), identities);
        }
    }
    for found in IPV4.captures_iter(text) {
        let (address, context) = (group(&found, 2), group(&found, 1));
        let octets: Vec<u8> = address.split('.').filter_map(|o| o.parse().ok()).collect();
        let local = matches!(octets.first(), Some(0 | 127));
        let is_said = !context.is_empty() || found.get(3).is_some();
        if octets.len() == 4 && is_said && !local {
            identities.add(IdentityKind::Host, [address]);
        }
    }
    for found in ORCID.find_iter(text) {
        identities.add(IdentityKind::Identifier, [found.as_str()]);
    }
}

/// Whether the address is of a domain that is nobody's (RFC 2606, sections 2 and 3).
fn is_example(address: &str) -> bool {
    let domain = address.rsplit('@').next().unwrap_or_default();
    let mut labels = domain.rsplit('.').map(str::to_lowercase);
    let (top, second) = (labels.next(), labels.next());
    matches!(
        top.as_deref(),
        Some("test" | "example" | "invalid" | "localhost")
    ) || second.as_deref() == Some("example")
        && matches!(top.as_deref(), Some("com" | "net" | "org"))
}

/// Whether the piece stands within bytes in base64, such as those of a picture in a notebook.
fn is_in_encoded(text: &str, start: usize, end: usize) -> bool {
    let is_code = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let (Some(before), Some(piece), Some(after)) = (
        text.as_bytes().get(..start),
        text.as_bytes().get(start..end),
        text.as_bytes().get(end..),
    ) else {
        return false;
    };
    let reach = LONGEST_PATH;
    let before = before
        .iter()
        .rev()
        .take(reach)
        .take_while(|b| is_code(b))
        .count();
    let after = after.iter().take(reach).take_while(|b| is_code(b)).count();
    piece.iter().all(is_code) && before + piece.len() + after >= reach
}

fn group<'t>(captures: &Captures<'t>, number: usize) -> &'t str {
    captures.get(number).map_or("", |found| found.as_str())
}

/// Adds the name of a user; one that many have is none.
pub(super) fn add_user(name: &str, identities: &mut Identities) {
    let digits = name.chars().all(|c| c.is_ascii_digit());
    if name.chars().count() >= 3 && !digits && !is_common(name) {
        identities.add(IdentityKind::User, [name]);
    }
}

fn add_host(name: &str, identities: &mut Identities) {
    let name = name.trim_end_matches('.');
    if name.chars().count() >= 3 && !is_common(name) && name != "localhost" {
        identities.add(IdentityKind::Host, [name]);
    }
}

/// An address: of a repository or a page that names its owner, or of something public.
fn address(found: &str, identities: &mut Identities) {
    let text = found.trim_end_matches(['.', ',', ';', ':', ')', '!', '?', '*', '_', '~']);
    let Some((scheme, rest)) = text.split_once("://") else {
        return;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let path = rest.get(authority.len()..).unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().to_lowercase();
    let below = |site: &str| {
        host == site
            || host
                .strip_suffix(site)
                .is_some_and(|rest| rest.ends_with('.'))
    };
    let owned = FORGES.iter().any(|site| below(site)) && !path.trim_matches('/').is_empty()
        || PAGES.iter().any(|site| below(site) && host != *site)
        || host.starts_with("git.")
        || host.contains("gitlab")
        || host.contains("gitea")
        || path.ends_with(".git")
        || path.starts_with("/~")
        || matches!(scheme, "s3" | "gs" | "hdfs" | "ssh" | "git" | "git+ssh")
        || authority.contains('@');
    if owned {
        identities.add(IdentityKind::Repository, [text]);
    }
}

/// The folder of a path, and the user it names.
fn folder(path: &str, identities: &mut Identities) {
    for found in HOME.captures_iter(path) {
        add_user(group(&found, 1), identities);
    }
    let slashes = path.replace('\\', "/");
    if SYSTEM_FOLDERS.iter().any(|system| {
        slashes
            .strip_prefix(system)
            .is_some_and(|rest| rest.starts_with('/'))
    }) {
        return;
    }
    // What is below the folder of a library is public, and so is a file's own name.
    let end = LIBRARY_FOLDERS
        .iter()
        .filter_map(|library| slashes.find(library))
        .min()
        .or_else(|| {
            slashes
                .trim_end_matches('/')
                .rfind('/')
                .filter(|end| *end > 0)
        });
    let whole_is_home = HOME
        .captures(path)
        .is_some_and(|found| found.get(0).is_some_and(|all| all.end() + 1 >= path.len()));
    let folder = match end {
        Some(end) if !whole_is_home => path.get(..end).unwrap_or(path),
        _ => path.trim_end_matches(['/', '\\']),
    };
    // `/content`, `/data`: where a service or a container has its files.
    let is_usual = folder.strip_prefix('/').is_some_and(is_common);
    if folder.len() > 1 && !is_usual && !SYSTEM_FOLDERS.contains(&folder) {
        identities.add(IdentityKind::Path, [folder]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(IdentityKind, String)> {
        let mut identities = Identities::default();
        in_text(text, &mut identities);
        identities
            .all()
            .iter()
            .map(|one| (one.kind, one.written[0].clone()))
            .collect()
    }

    #[test]
    fn expressions_compile() {
        assert_eq!(all().len(), 12);
    }

    #[test]
    fn identities_are_found() {
        use IdentityKind as K;
        for (text, expected) in [
            (
                "write to ana.silva@uni-x.de!",
                vec![(K::Email, "ana.silva@uni-x.de"), (K::User, "ana.silva")],
            ),
            (
                "open('/home/asilva/thesis/train.csv')",
                vec![(K::User, "asilva"), (K::Path, "/home/asilva/thesis")],
            ),
            (
                "File \"/home/asilva/venv/lib/python3.11/site-packages/torch/nn/m.py\", line 3",
                vec![
                    (K::User, "asilva"),
                    (K::Path, "/home/asilva/venv/lib/python3.11"),
                ],
            ),
            (
                r"C:\Users\Ana\data\x.csv",
                vec![(K::User, "Ana"), (K::Path, r"C:\Users\Ana\data")],
            ),
            (
                "/Users/ana",
                vec![(K::User, "ana"), (K::Path, "/Users/ana")],
            ),
            (
                "!git clone https://github.com/anasilva/lora.git",
                vec![(K::Repository, "https://github.com/anasilva/lora.git")],
            ),
            (
                "git@github.com:anasilva/lora.git",
                vec![(K::Repository, "git@github.com:anasilva/lora.git")],
            ),
            (
                "(base) asilva@node17:~/lora$ python train.py",
                vec![(K::User, "asilva"), (K::Host, "node17")],
            ),
            ("HOSTNAME=gpu7", vec![(K::Host, "gpu7")]),
            ("Linux gpu7 5.15.0-91 x86_64", vec![(K::Host, "gpu7")]),
            ("login.cs.uni.edu", vec![(K::Host, "login.cs.uni.edu")]),
            ("10.2.3.4:8888", vec![(K::Host, "10.2.3.4")]),
            (
                "0000-0002-1825-0097",
                vec![(K::Identifier, "0000-0002-1825-0097")],
            ),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(kind, text)| (kind, text.to_owned()))
                .collect();
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn bytes_of_a_picture_are_no_path() {
        let picture = format!(
            "\"iVBORw0K+/AAAADl0RVh0U29m/dHdhcm/{}==\"",
            "QUJD/x9z".repeat(80)
        );
        assert_eq!(found(&picture), []);
        assert_eq!(found("+/AAAADl0RVh0U29m/dHdhcm").len(), 1);
    }

    #[test]
    fn what_is_public_stays() {
        for text in [
            "y = x@w.mean()",
            "icon@2x.png",
            "/usr/lib/python3/dist-packages/numpy/core.py",
            "loss/val 1/2/2024 and/or",
            "https://pytorch.org/docs/stable/optim.html",
            "https://github.com",
            "@torch.no_grad()",
            "127.0.0.1:8888 version 1.2.3 opencv 4.12.0.88",
            "/tmp/x/y.txt",
            "/content/train.csv /data/x.csv",
            "git config user.email you@example.com",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
