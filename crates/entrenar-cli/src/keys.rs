//! Keys, passwords and trusted certificates, from files and terminals. A password is never an
//! argument, which every user of the machine can see.

use std::fs;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use entrenar::research::signing::timestamp::TrustAnchors;
use entrenar::research::signing::{LockedKey, PublicKey, SecretKey, SigningError};

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::shell::word;
use crate::term::{Line, Tone};

/// Keys and certificate lists are smaller.
const MOST_BYTES: u64 = 4 << 20;
/// A password is shorter; whoever gives more gives the wrong file.
const MOST_PASSWORD: usize = 4096;

/// Which key signs.
#[derive(Debug, clap::Args)]
pub(crate) struct SigningKey {
    /// The secret key [default: entrenar/signing.key in the XDG config directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Read the key's password from this file instead of the terminal
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl SigningKey {
    /// The secret key, unlocked.
    pub(crate) fn load(&self, app: &mut App) -> Result<SecretKey, Failure> {
        let path = match &self.key {
            Some(path) => path.clone(),
            None => default_path()?,
        };
        if self.key.is_none() && !path.exists() {
            let message = format!("there is no secret key at {}", path.display());
            return Err(Failure::new(Exit::InputFailed, message)
                .hint("`entrenar keygen` makes one, `--key FILE` names another"));
        }
        warn_if_readable(app, &path)?;
        let text = text_file(&path)?;
        let unusable = |error: &SigningError| {
            Failure::new(
                Exit::InputFailed,
                format!("cannot use the key {}", path.display()),
            )
            .because(error)
        };
        let locked = LockedKey::parse(&text).map_err(|error| unusable(&error))?;
        drop(text);
        let password = if locked.is_encrypted() {
            let question = format!("Password of {}: ", path.display());
            Some(password(app, self.password_file.as_deref(), &question)?)
        } else {
            None
        };
        locked
            .unlock(password.as_ref().map(Password::bytes))
            .map_err(|error| unusable(&error))
    }
}

/// A password, which is never printed.
pub(crate) struct Password(Vec<u8>);

impl Password {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// A password from that file, or from the terminal without showing it.
pub(crate) fn password(
    app: &mut App,
    file: Option<&Path>,
    question: &str,
) -> Result<Password, Failure> {
    let mut bytes = match file {
        Some(path) => read(path)?,
        None if io::stdin().is_terminal() => {
            app.err.ask(&Line::new().plain(question))?;
            let line = console::Term::stderr().read_secure_line();
            line.map_err(|error| {
                Failure::new(Exit::InputFailed, "cannot read the password").because(&error)
            })?
            .into_bytes()
        }
        None => {
            return Err(
                Failure::usage("a password is needed, and there is no terminal to ask on")
                    .hint("give it in a file: `--password-file FILE`"),
            );
        }
    };
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
    }
    let password = Password(bytes);
    if password.0.len() > MOST_PASSWORD {
        return Err(Failure::usage("the password is longer than 4096 bytes"));
    }
    Ok(password)
}

/// Where the key is that signs if no other is named.
pub(crate) fn default_path() -> Result<PathBuf, Failure> {
    // XDG Base Directory Specification 0.8: a relative or empty path is ignored.
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let config = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
    match config {
        Some(config) => Ok(config.join("entrenar/signing.key")),
        None => Err(
            Failure::usage("no place for a key: neither XDG_CONFIG_HOME nor HOME is set")
                .hint("name a file: `--key FILE`"),
        ),
    }
}

/// A public key: a file, or the line that stands in one.
pub(crate) fn public_key(given: &str) -> Result<PublicKey, Failure> {
    let path = Path::new(given);
    if !path.exists() {
        return PublicKey::parse(given).map_err(|error| {
            Failure::new(
                Exit::InputFailed,
                format!("{given:?} is neither a file nor a public key"),
            )
            .because(&error)
        });
    }
    let text = text_file(path)?;
    PublicKey::parse(&text).map_err(|error| {
        Failure::new(
            Exit::InputFailed,
            format!("cannot use the key {}", path.display()),
        )
        .because(&error)
    })
}

/// The certificates of trusted authorities, PEM or DER.
pub(crate) fn anchors(path: &Path) -> Result<TrustAnchors, Failure> {
    TrustAnchors::parse(&read(path)?).map_err(|error| {
        Failure::new(Exit::InputFailed, format!("cannot use {}", path.display())).because(&error)
    })
}

/// A small file's bytes.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: &io::Error| {
        Failure::new(Exit::InputFailed, format!("cannot read {}", path.display())).because(error)
    };
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| failed(&error))?;
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(&error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MOST_BYTES) {
        return Err(Failure::new(
            Exit::InputFailed,
            format!("{} is larger than 4 MiB", path.display()),
        ));
    }
    Ok(bytes)
}

fn text_file(path: &Path) -> Result<zeroize::Zeroizing<String>, Failure> {
    // The conversion error would carry the bytes.
    let text = String::from_utf8(read(path)?).map_err(|_bytes| {
        Failure::new(
            Exit::InputFailed,
            format!("{} is not a text", path.display()),
        )
    })?;
    Ok(zeroize::Zeroizing::new(text))
}

#[cfg(unix)]
fn warn_if_readable(app: &mut App, path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(found) = fs::metadata(path) else {
        return Ok(());
    };
    if found.is_file() && found.permissions().mode() & 0o077 != 0 {
        let line = Line::of(Tone::Warning, "! ")
            .plain("others on this machine may read the key; ")
            .plain(format!("chmod 600 {}", word(path)));
        app.err.long_line(&line)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn warn_if_readable(_app: &mut App, _path: &Path) -> Result<(), Failure> {
    Ok(())
}

/// Creates a file that only its owner may read; it must not be there.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let written = options.open(path).and_then(|mut file| {
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        if written.is_err() {
            // The first error is the one to tell; half a file is worth nothing.
            drop(fs::remove_file(path));
        }
        written
    });
    written.map_err(|error| Failure::unwritable(path, &error))
}
