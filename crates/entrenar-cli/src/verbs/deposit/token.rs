//! Where the access token comes from.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::errors::{Exit, Failure, Plain};

/// A token is one line; more bytes are something else.
const MOST_BYTES: u64 = 4096;

/// The token: of the file, else of the variable. It is in no message.
pub(super) fn read(file: Option<&Path>, variable: &str) -> Result<String, Failure> {
    let token = match file {
        Some(path) => of_file(path)?,
        None => match std::env::var(variable) {
            Ok(token) => token,
            Err(std::env::VarError::NotPresent) => {
                return Err(
                    Failure::new(Exit::Usage, "there is no access token; nothing was sent")
                        .hint(format!("put it into the variable {variable}, or name a file with `--token-file FILE`"))
                        .hint(match variable {
                            "ZENODO_TOKEN" => "make one at the archive, with the scopes deposit:write and deposit:actions; at Zenodo: https://zenodo.org/account/settings/applications/tokens/new/",
                            _ => "make one in your account at the archive",
                        }),
                );
            }
            Err(std::env::VarError::NotUnicode(_)) => String::from("\0"),
        },
    };
    let token = token.trim().to_owned();
    if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
        let place = match file {
            Some(path) => path.display().to_string(),
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
