//! Where the access token comes from.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::errors::{Exit, Failure, Plain};

/// A token is one line; more bytes are something else.
const MOST_BYTES: u64 = 4096;

/// The token: of the file, else of the variable, else of the keyring's entry for the host of
/// `url`. It is in no message.
pub(super) fn read(file: Option<&Path>, variable: &str, url: &str) -> Result<String, Failure> {
    let host = url.split("://").nth(1).unwrap_or(url);
    let host = host.split('/').next().unwrap_or_default();
    let mut in_keyring = false;
    let token = match file {
        Some(path) => of_file(path)?,
        None => match std::env::var(variable) {
            Ok(token) => token,
            Err(std::env::VarError::NotPresent) => {
                in_keyring = true;
                let Some(token) = of_keyring(host) else {
                    return Err(
                    Failure::new(Exit::Usage, "there is no access token; nothing was sent")
                        .hint(format!("put it into the variable {variable}, or name a file with `--token-file FILE`"))
                        .hint(format!("or keep it in the keyring: `{}`", keep_command(host)))
                        .hint(match variable {
                            "ZENODO_TOKEN" => "make one at the archive, with the scopes deposit:write and deposit:actions; at Zenodo: https://zenodo.org/account/settings/applications/tokens/new/",
                            _ => "make one in your account at the archive",
                        }),
                );
                };
                token
            }
            Err(std::env::VarError::NotUnicode(_)) => String::from("\0"),
        },
    };
    let token = token.trim().to_owned();
    if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
        let place = match file {
            Some(path) => path.display().to_string(),
            None if in_keyring => format!("the keyring's entry for {host}"),
            None => format!("the variable {variable}"),
        };
        return Err(Failure::new(
            Exit::Usage,
            format!("{place} holds no access token; nothing was sent"),
        )
        .hint("a token is one word of letters, digits and signs"));
    }
    Ok(token)
}

/// What puts a token into the keyring; it asks for the token.
fn keep_command(host: &str) -> String {
    if cfg!(target_os = "macos") {
        format!("security add-generic-password -s entrenar -a {host} -w")
    } else {
        format!("secret-tool store --label=entrenar service entrenar archive {host}")
    }
}

/// The token that the keyring of the desktop has for `host`, asked for through the program that
/// the system has for it: `secret-tool` of libsecret, or `security` of macOS.
fn of_keyring(host: &str) -> Option<String> {
    let mut command = if cfg!(target_os = "macos") {
        let mut security = Command::new("security");
        security.args(["find-generic-password", "-s", "entrenar", "-a", host, "-w"]);
        security
    } else {
        let mut secret_tool = Command::new("secret-tool");
        secret_tool.args(["lookup", "service", "entrenar", "archive", host]);
        secret_tool
    };
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let token = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !token.trim().is_empty()).then_some(token)
}

fn of_file(path: &Path) -> Result<String, Failure> {
    let failure = || {
        let name = path.display();
        Failure::new(
            Exit::InputFailed,
            format!("cannot read the access token from {name}; nothing was sent"),
        )
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| failure().because(&error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MOST_BYTES {
        return Err(failure().because(&Plain("it is too long for a token")));
    }
    String::from_utf8(bytes).map_err(|_error| failure().because(&Plain("it is no text")))
}
