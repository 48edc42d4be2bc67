use std::fs;
use std::path::PathBuf;

use entrenar::research::signing::SecretKey;

use crate::app::App;
use crate::errors::{Exit, Failure, Plain};
use crate::keys;
use crate::save;
use crate::shell::word;
use crate::term::{Line, Tone};

/// Make a key pair for signing
///
/// Writes a secret key, which only you may read, and a public key, which is for everybody. Both
/// are minisign's: its program signs and verifies with them, too. The secret key is encrypted
/// with a password, which is asked for; nobody can recover it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar keygen
  entrenar keygen -o lab.key                    (and lab.pub)
  entrenar keygen -o ci.key --no-password       (for a machine that signs by itself)")]
pub(crate) struct Args {
    /// The secret key to write [default: entrenar/signing.key in the XDG config directory]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Read the password from this file instead of the terminal
    #[arg(long, value_name = "FILE", conflicts_with = "no_password")]
    password_file: Option<PathBuf>,
    /// Do not encrypt the key: whoever reads its file can sign
    #[arg(long)]
    no_password: bool,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let secret = match &self.output {
            Some(path) => path.clone(),
            None => keys::default_path()?,
        };
        let public = match secret.extension() {
            Some(ending) if ending == "key" => secret.with_extension("pub"),
            _ => entrenar::preserve::sign::beside(&secret, ".pub"),
        };
        for path in [&secret, &public] {
            if fs::symlink_metadata(path).is_ok() {
                return Err(Failure::new(
                    Exit::Output,
                    format!("{} is there already", path.display()),
                )
                .because(&Plain(
                    "a key that is lost cannot be made again, so none is replaced",
                ))
                .hint("`entrenar keygen -o FILE` writes another"));
            }
        }
        let cannot = |error: &dyn std::error::Error| {
            Failure::new(Exit::Output, "cannot make a key").because(error)
        };
        let key = SecretKey::generate().map_err(|error| cannot(&error))?;
        let text = if self.no_password {
            key.to_text_unencrypted()
        } else {
            let password = self.password(app)?;
            key.to_text_encrypted(password.bytes())
                .map_err(|error| cannot(&error))?
        };
        if self.output.is_none()
            && let Some(folder) = secret.parent()
        {
            fs::create_dir_all(folder).map_err(|error| Failure::unwritable(folder, &error))?;
        }
        keys::write_private(&secret, text.as_bytes())?;
        save::file(&public, key.public_key().to_text().as_bytes())?;
        let mut row = |label: &str, text: String| {
            app.out
                .long_line(&Line::of(Tone::Dim, format!("{label:<10} ")).plain(text))
        };
        row(
            "secret key",
            format!(
                "{}  (keep it to yourself, and a copy of it)",
                secret.display()
            ),
        )?;
        row(
            "public key",
            format!("{}  (for everybody)", public.display()),
        )?;
        let line = key.public_key().to_line();
        row("others run", format!("minisign -Vm SHA256SUMS -P {line}"))?;
        if self.output.is_some() {
            row("you run", app_command(&secret))?;
        }
        Ok(Exit::Done)
    }

    fn password(&self, app: &mut App) -> Result<keys::Password, Failure> {
        let file = self.password_file.as_deref();
        let password = keys::password(app, file, "Password for the new key: ")?;
        if password.bytes().is_empty() {
            return Err(Failure::usage("the password is empty")
                .hint("`--no-password` makes a key without one"));
        }
        if file.is_none() && keys::password(app, None, "Once more: ")?.bytes() != password.bytes() {
            return Err(Failure::usage("the two passwords differ; no key was made"));
        }
        Ok(password)
    }
}

fn app_command(secret: &std::path::Path) -> String {
    format!("entrenar sign DIR --key {}", word(secret))
}
