//! What the source of a cell says about the value that the cell shows: whose value it is, and
//! whether that is input data.

use std::collections::BTreeMap;

use super::parse::{Shown, parse, parse_prefix};

/// Words that are values and no variables.
const LITERALS: [&str; 8] = ["true", "false", "nil", "null", "None", "self", "inf", "NaN"];

/// Longest source that is searched for definitions, in bytes.
const MAX_SOURCE: usize = 1 << 16;

/// Number of statements of a line that are searched; keeps the time linear in the line's length.
const MAX_STATEMENTS: usize = 100;

/// Whether the source is a command to the REPL, such as `:env`, and no Ruchy.
pub fn is_command(source: &str) -> bool {
    let source = source.trim_start();
    source.starts_with(':') && !source.contains('\n')
}

/// Whether the source calls what prints: `print`, `println`, `print!`, `println!`.
pub fn prints(source: &str) -> bool {
    if !source.contains("print") || is_command(source) {
        return false;
    }
    let code = crate::extract::without_text(source);
    let mut calls = code.match_indices("print");
    calls.any(|(at, word)| {
        let before = code.get(..at).unwrap_or_default();
        let own = !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.'));
        let behind = code.get(at + word.len()..).unwrap_or_default();
        let behind = behind.strip_prefix("ln").unwrap_or(behind);
        let behind = behind.strip_prefix('!').unwrap_or(behind);
        let defined = ["fun ", "fn "].iter().any(|word| before.ends_with(word));
        own && !defined && behind.trim_start_matches(' ').starts_with('(')
    })
}

/// The variable or field whose value a cell shows: `losses`, `history.loss`, and
/// `history["loss"]` as `history.loss`. Of several lines the last one counts.
///
/// `None` for everything else, such as calls, literals and definitions.
pub(super) fn shown_path(source: &str) -> Option<String> {
    let mut lines = source
        .lines()
        .map(without_comment)
        .filter(|line| !line.trim().is_empty());
    let last = lines.next_back()?;
    let before: String = lines.collect();
    let indented = last.starts_with(char::is_whitespace) && !before.is_empty();
    if indented || open_brackets(&before) != 0 {
        return None;
    }
    path(last)
}

/// Whether the cell does nothing but show a variable, so that it changes none.
pub(super) fn only_shows(source: &str) -> bool {
    is_command(source) || path(without_comment(source)).is_some()
}

/// Reads a whole text as a path.
fn path(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches(';').trim_end();
    let (first, mut rest) = identifier(text)?;
    let mut path = first.to_owned();
    while !rest.is_empty() {
        let part;
        if let Some(tail) = rest.strip_prefix('.') {
            (part, rest) = identifier(tail)?;
        } else {
            let tail = rest.strip_prefix("[\"")?;
            (part, rest) = tail.split_once("\"]")?;
            if part.is_empty() || part.contains(['"', '\\']) {
                return None;
            }
        }
        path.push('.');
        path.push_str(part);
    }
    // `_` and `_7`: the last results of the REPL of Ruchy 1.30, whatever they were.
    let result = path.trim_start_matches('_');
    let is_result = result.len() < path.len() && result.bytes().all(|b| b.is_ascii_digit());
    (!is_result && !LITERALS.contains(&path.as_str())).then_some(path)
}

fn identifier(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let starts_well = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    starts_well.then_some((name, rest))
}

/// The text without a `//` or `#` comment at the end of a line; marks in strings are no comment.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match c {
            '"' if before != '\\' => quoted = !quoted,
            '#' if !quoted => return line.get(..at).unwrap_or(line),
            '/' if !quoted && before == '/' => return line.get(..at - 1).unwrap_or(line),
            _ => {}
        }
        before = c;
    }
    line
}

/// Opening less closing brackets outside strings.
fn open_brackets(text: &str) -> i64 {
    let mut open = 0;
    let mut quoted = false;
    let mut before = ' ';
    for c in text.chars() {
        match c {
            '"' if before != '\\' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => open += 1,
            ')' | ']' | '}' if !quoted => open -= 1,
            _ => {}
        }
        before = c;
    }
    open
}

/// Which variables the session shows to be input data: those defined by a literal (`let xs =
/// [1.0, 2.0]`), by a range, or by reshaping such data (`xs.map(…)`), until something computed
/// is pushed to them.
#[derive(Debug, Default)]
pub(super) struct Data(BTreeMap<String, bool>);

impl Data {
    /// Whether the variable at the root of `path` is known to be input data.
    pub(super) fn is_data(&self, path: &str) -> bool {
        let root = path.split('.').next().unwrap_or(path);
        self.0.get(root).copied().unwrap_or(false)
    }

    /// Takes note of what a cell defines and changes.
    pub(super) fn note(&mut self, source: &str) {
        if source.len() > MAX_SOURCE {
            return;
        }
        for statement in source.lines().map(without_comment).flat_map(statements) {
            if let Some((name, value)) = definition(statement) {
                let data = self.defines_data(value);
                self.0.insert(name.to_owned(), data);
            }
        }
        for method in [".push(", ".append(", ".extend("] {
            for (at, _) in source.match_indices(method) {
                let (before, after) = source.split_at(at);
                let name = last_identifier(before);
                let argument = after.get(method.len()..).unwrap_or_default();
                let literal = parse_prefix(argument)
                    .is_some_and(|(value, rest)| is_literal(&value) && rest.starts_with(')'));
                if !literal && let Some(data) = self.0.get_mut(name) {
                    *data = false;
                }
            }
        }
    }

    fn defines_data(&self, value: &str) -> bool {
        let value = value.trim().trim_end_matches(';').trim_end();
        if let Some((shown, rest)) = parse_prefix(value) {
            match shown {
                Shown::List(items) if items.is_empty() => return false,
                Shown::Object(fields) if fields.is_empty() => return false,
                shown if is_literal(&shown) => {
                    return rest.is_empty() || rest.starts_with('.');
                }
                _ => {}
            }
        }
        // `1..5`, `(1..=10).map(…)`
        let range = value.trim_start_matches(['(', '[']);
        if range
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .starts_with("..")
        {
            return true;
        }
        // `[...xs, 0, y]`
        if let Some(inner) = value.strip_prefix('[').and_then(|v| v.strip_suffix(']')) {
            return inner.split(',').all(|item| {
                let item = item.trim().trim_start_matches("...");
                item.is_empty()
                    || parse(item).is_some_and(|value| is_literal(&value))
                    || path(item).is_some_and(|path| self.is_data(&path))
            });
        }
        // `xs`, `xs.map(…)`, `xs[0]`
        match identifier(value) {
            Some((root, rest)) if rest.is_empty() || rest.starts_with(['.', '[']) => {
                self.is_data(root)
            }
            _ => false,
        }
    }
}

/// The statements of a line: each begins at the line's start, behind a `;` or behind a `{`, and
/// ends at the next `;` or closing bracket that is its own.
fn statements(line: &str) -> impl Iterator<Item = &str> {
    let starts = line
        .match_indices([';', '{'])
        .map(|(at, mark)| at + mark.len());
    let starts = std::iter::once(0).chain(starts).take(MAX_STATEMENTS);
    starts.filter_map(move |start| {
        let rest = line.get(start..)?;
        let mut open = 0_usize;
        let mut quoted = false;
        let mut before = ' ';
        let end = rest.find(|c| {
            match c {
                '"' if before != '\\' => quoted = !quoted,
                '(' | '[' | '{' if !quoted => open += 1,
                ')' | ']' | '}' if !quoted => match open.checked_sub(1) {
                    Some(still) => open = still,
                    None => return true,
                },
                ';' if !quoted && open == 0 => return true,
                _ => {}
            }
            before = c;
            false
        });
        rest.get(..end.unwrap_or(rest.len()))
    })
}

/// Whether the value holds no name and no call.
fn is_literal(value: &Shown) -> bool {
    match value {
        Shown::Number(..) | Shown::Text(_) => true,
        Shown::List(items) => items.iter().all(is_literal),
        Shown::Object(fields) => fields.iter().all(|(_, value)| is_literal(value)),
        Shown::Other => false,
    }
}

/// `let [mut] name [: type] = value`, `var name = value`, `name = value`; `name += value` with
/// the `+=` in the value.
fn definition(line: &str) -> Option<(&str, &str)> {
    let mut line = line.trim_start();
    for word in ["let ", "var ", "const ", "mut "] {
        line = line.strip_prefix(word).unwrap_or(line).trim_start();
    }
    let (name, rest) = identifier(line)?;
    let rest = rest.trim_start();
    let value = match rest.strip_prefix(':') {
        Some(kind) => kind.split_once('=')?.1,
        None if ["+=", "-=", "*=", "/="]
            .iter()
            .any(|sign| rest.starts_with(sign)) =>
        {
            return Some((name, rest));
        }
        None => rest.strip_prefix('=')?,
    };
    (!value.starts_with(['=', '>'])).then_some((name, value.trim_start()))
}

fn last_identifier(text: &str) -> &str {
    let start = text
        .char_indices()
        .rev()
        .take_while(|(_, c)| c.is_alphanumeric() || *c == '_')
        .last()
        .map_or(text.len(), |(at, _)| at);
    text.get(start..).unwrap_or_default()
}

/// Whether `text` is one value; printed text mostly is not.
pub(in crate::bridge::ruchy) fn is_value(text: &str) -> bool {
    parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_prints() {
        for source in [
            "println(x)",
            "for i in 1..3 { print (i) }",
            "println!(\"a\")",
            "x = 1; print!(x)",
        ] {
            assert!(prints(source), "{source}");
        }
        for source in [
            "\"println(x)\"",
            "// println(x)",
            "fun print(x) { x }",
            "x.print()",
            "reprint(x)",
            "print",
            ":print (x)",
            "eprintln(x)",
        ] {
            assert!(!prints(source), "{source}");
        }
    }

    #[test]
    fn a_path_is_a_variable_or_field_and_nothing_else() {
        for (source, path) in [
            ("losses", "losses"),
            ("  losses ; // all of them", "losses"),
            ("history.loss", "history.loss"),
            ("history[\"val_loss\"]", "history.val_loss"),
            ("for e in 1..4 {\n  step()\n}\nlosses", "losses"),
        ] {
            assert_eq!(shown_path(source).as_deref(), Some(path), "{source}");
        }
        for source in [
            "",
            "mse(w, b)",
            "let xs = [1.0]",
            "xs = [1.0]",
            "[1.0, 2.0]",
            "losses[0]",
            "losses.last()",
            "w + b",
            "nil",
            "_",
            "_12",
            ":vars",
            "0.5",
            "\"losses\"",
            "fun f() {\n    losses\n}",
            "fun f() {\nlosses",
            "# losses",
        ] {
            assert_eq!(shown_path(source), None, "{source}");
        }
    }

    #[test]
    fn data_is_what_was_written_down_and_not_computed() {
        let mut data = Data::default();
        data.note("let xs = [1.0, 2.0]\nlet mut losses = []\nlet more = xs.map(x => x * 2)");
        data.note("let r = (1..=10).map(x => x * x)");
        data.note("let evens = [1, 2, 3].filter(x => x > 1)");
        data.note("let errors = train(xs)");
        data.note("let more_yet = [...xs, ...more, 7.0]; let sums = [f(1), f(2)]");
        data.note("let mut h = [0.0]\nlet n = 1\nlet m = 1; m += f()");
        data.note("for i in 0..3 { let t = {a: 1}; h = h + [mse(i)] }");
        for (name, expected) in [
            ("xs", true),
            ("more", true),
            ("r", true),
            ("evens", true),
            ("losses", false),
            ("errors", false),
            ("more_yet", true),
            ("sums", false),
            ("h", false),
            ("n", true),
            ("m", false),
            ("t", true),
            ("unheard_of", false),
        ] {
            assert_eq!(data.is_data(name), expected, "{name}");
        }
        data.note("xs.push(3.0)");
        assert!(data.is_data("xs"));
        data.note("for e in 1..4 { xs.push(mse(w, b)) }");
        assert!(!data.is_data("xs"));
    }
}
