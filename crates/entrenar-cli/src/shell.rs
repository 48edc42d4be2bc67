//! Words for commands that a hint tells the user to run.

use std::path::Path;

/// `value` as one word of a POSIX shell's command line; behind `--` where it looks like an
/// option.
pub(crate) fn word(value: impl AsRef<Path>) -> String {
    let text = value.as_ref().to_string_lossy();
    let quoted = quoted(&text);
    if text.starts_with('-') {
        format!("-- {quoted}")
    } else {
        quoted
    }
}

fn quoted(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(safe) {
        return text.to_owned();
    }
    let hidden = |c: char| c.is_control() || crate::term::is_hidden_format(c);
    if !text.chars().any(hidden) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    // bash, zsh, ksh and POSIX 2024 read $'…' with escapes.
    let mut word = String::from("$'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => word.extend(['\\', c]),
            c if hidden(c) => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    word.push_str(&format!("\\x{byte:02x}"));
                }
            }
            c => word.push(c),
        }
    }
    word.push('\'');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        for (value, expected) in [
            ("run-1.ipynb", "run-1.ipynb"),
            ("my run", "'my run'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("-rf", "-- -rf"),
            ("a\x1b[0m", r"$'a\x1b[0m'"),
        ] {
            assert_eq!(word(value), expected);
        }
    }
}
