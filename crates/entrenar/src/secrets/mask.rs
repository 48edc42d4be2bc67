//! Texts without their credentials, for what is kept of the surroundings of a training.

use std::ops::Range;

use super::{Severity, scanner};

/// Names of options whose values are credentials whatever they look like.
const SECRET_OPTIONS: [&str; 10] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "credential",
    "credentials",
];

/// The text with a mark, such as `[redacted: GitHub token]`, in place of each credential.
pub(crate) fn mask(text: &str) -> String {
    replace(text, found(text))
}

/// The arguments of a program, each masked; the value of an option is judged by the option's name,
/// too.
pub(crate) fn mask_arguments(arguments: &[String]) -> Vec<String> {
    let mut option: Option<&str> = None;
    let mut masked = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let before = option.take();
        let name = argument
            .strip_prefix("--")
            .or_else(|| argument.strip_prefix('-'));
        masked.push(match (name, before) {
            (Some(name), _) => match name.split_once('=') {
                Some((name, value)) => {
                    let kept = argument.len() - value.len();
                    let (option, value) = argument.split_at(kept);
                    format!("{}{}", option, masked_value(name, value))
                }
                None => {
                    option = Some(name);
                    mask(argument)
                }
            },
            (None, Some(name)) => masked_value(name, argument),
            (None, None) => match argument.split_once('=') {
                Some((name, value)) => format!("{name}={}", masked_value(name, value)),
                None => mask(argument),
            },
        });
    }
    masked
}

fn masked_value(name: &str, value: &str) -> String {
    let folded: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if !value.is_empty() && SECRET_OPTIONS.iter().any(|end| folded.ends_with(end)) {
        return "[redacted]".to_owned();
    }
    // As if it were written `name = "value"`.
    let prefix = format!("{name} = \"");
    let assigned = format!("{prefix}{value}\"");
    let within = found(&assigned).into_iter().map(|(range, title)| {
        let place = |at: usize| at.saturating_sub(prefix.len()).min(value.len());
        (place(range.start)..place(range.end), title)
    });
    mask(&replace(value, within.collect()))
}

fn found(text: &str) -> Vec<(Range<usize>, &'static str)> {
    let mut found = Vec::new();
    scanner::scan(text.as_bytes(), 0..usize::MAX, true, &mut |hit| {
        if hit.rule.severity == Severity::Blocks {
            found.push((hit.range, hit.rule.title));
        }
    });
    found
}

/// Puts a mark in each range; of two that overlap the whole goes.
fn replace(text: &str, mut found: Vec<(Range<usize>, &'static str)>) -> String {
    found.sort_by_key(|(range, _)| (range.start, range.end));
    let mut masked = String::with_capacity(text.len());
    let mut end = 0;
    for (range, title) in found {
        if range.start >= end && !range.is_empty() {
            masked.push_str(text.get(end..range.start).unwrap_or_default());
            masked.push_str("[redacted: ");
            masked.push_str(title);
            masked.push(']');
        }
        end = end.max(range.end);
    }
    masked.push_str(text.get(end..).unwrap_or_default());
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> String {
        ["ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"].concat()
    }

    #[test]
    fn a_credential_in_a_text_is_masked() {
        let text = format!("+url = \"https://x\"\n+key = \"{}\"\n", token());
        let masked = mask(&text);
        assert!(!masked.contains(&token()), "{masked}");
        assert!(masked.contains("[redacted: GitHub token]"), "{masked}");
        assert!(masked.starts_with("+url = \"https://x\"\n+key = \""));
        assert_eq!(mask("lr = 0.1"), "lr = 0.1");
    }

    #[test]
    fn values_of_options_are_judged_by_their_names() {
        let arguments = [
            "train.py",
            "--lr=0.1",
            "--password",
            "hunter2",
            "--api-key=abc",
            "--max-tokens",
            "512",
            &format!("--note={}", token()),
            "HF_TOKEN=hf",
            "--verbose",
            "data/é",
        ]
        .map(str::to_owned);
        let masked = mask_arguments(&arguments);
        assert_eq!(
            masked,
            [
                "train.py",
                "--lr=0.1",
                "--password",
                "[redacted]",
                "--api-key=[redacted]",
                "--max-tokens",
                "512",
                "--note=[redacted: GitHub token]",
                "HF_TOKEN=[redacted]",
                "--verbose",
                "data/é",
            ]
        );
    }
}
