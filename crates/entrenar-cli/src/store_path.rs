//! Where the store is.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::errors::{Exit, Failure};

/// The store's file: what `--store` or `ENTRENAR_STORE` names (clap reads both), else
/// `entrenar/entrenar.db` in the XDG data directory.
pub(crate) fn resolve(given: Option<PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(path) = given {
        if path.as_os_str().is_empty() {
            return Err(Failure::usage("the path of the store is empty"));
        }
        return Ok(path);
    }
    default_path(std::env::var_os("XDG_DATA_HOME"), std::env::var_os("HOME")).ok_or_else(|| {
        Failure::new(
            Exit::Store,
            "no place for the store: neither XDG_DATA_HOME nor HOME is set",
        )
        .hint("name a file with `--store PATH` or the variable ENTRENAR_STORE")
    })
}

/// XDG Base Directory Specification 0.8: a relative or empty XDG_DATA_HOME is ignored.
fn default_path(data_home: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |value: Option<OsString>| value.map(PathBuf::from).filter(|p| p.is_absolute());
    let data = absolute(data_home).or_else(|| Some(absolute(home)?.join(".local/share")))?;
    Some(data.join("entrenar/entrenar.db"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_xdg_specification() {
        let path = |data: Option<&str>, home: Option<&str>| {
            default_path(data.map(Into::into), home.map(Into::into))
                .map(|p| p.display().to_string())
        };
        let data = Some("/data/entrenar/entrenar.db".to_owned());
        let home = Some("/home/ana/.local/share/entrenar/entrenar.db".to_owned());
        assert_eq!(path(Some("/data"), Some("/home/ana")), data);
        assert_eq!(path(Some("data"), Some("/home/ana")), home);
        assert_eq!(path(Some(""), Some("/home/ana")), home);
        assert_eq!(path(None, None), None);
    }
}
