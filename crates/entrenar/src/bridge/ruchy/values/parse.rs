use std::ops::Range;

/// Deepest nesting that is read; real values have three or four levels.
const MAX_DEPTH: usize = 64;

/// A value as Ruchy shows it, either for people (`[1.0, 2.0]`, `{epoch: 1}`) or as Rust's
/// Debug form of its own type (`Array([Float(1.0)])`, `Object({"epoch": Integer(1)})`).
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// An integer or a float, with the byte range of its digits in the text.
    Number(f64, Range<usize>),
    /// A string or a character, without its quotes and with its escapes as they stand.
    Text(String),
    /// An array or a tuple.
    List(Vec<Self>),
    /// An object, a struct or a map, in the order in which it is shown.
    Object(Vec<(String, Self)>),
    /// Anything else that is one value: `nil`, `true`, `<function>`, `Option::None`.
    Other,
}

impl Shown {
    /// The numbers of a list that holds nothing else; `None` for an empty list.
    pub fn numbers(&self) -> Option<Vec<(f64, Range<usize>)>> {
        match self {
            Self::List(items) if !items.is_empty() => items
                .iter()
                .map(|item| match item {
                    Self::Number(value, span) => Some((*value, span.clone())),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }
}

/// Reads the one value that `text` shows; `None` where it is anything else, such as printed
/// text, a range, several values, or a value nested more than 64 deep.
pub fn parse(text: &str) -> Option<Shown> {
    let (value, rest) = parse_prefix(text)?;
    rest.trim().is_empty().then_some(value)
}

/// Reads the value at the beginning of `text`, and gives what follows it.
pub(super) fn parse_prefix(text: &str) -> Option<(Shown, &str)> {
    let mut parser = Parser { text, at: 0 };
    let value = parser.value(0)?;
    Some((value, parser.rest()))
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes `token` if it comes next, behind white space.
    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn value(&mut self, depth: usize) -> Option<Shown> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.skip_space();
        match self.peek()? {
            '[' => self.items("[", "]", depth).map(Shown::List),
            '(' => self.items("(", ")", depth).map(Shown::List),
            '{' => self.fields(depth).map(Shown::Object),
            '"' => self.quoted('"').map(Shown::Text),
            '\'' => self.quoted('\'').map(Shown::Text),
            '<' => self.placeholder(),
            ':' => self.atom(),
            c if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => self.number(),
            c if is_word_start(c) => self.word(depth),
            _ => None,
        }
    }

    fn items(&mut self, open: &str, close: &str, depth: usize) -> Option<Vec<Shown>> {
        if !self.take(open) {
            return None;
        }
        let mut items = Vec::new();
        loop {
            if self.take(close) {
                return Some(items);
            }
            items.push(self.value(depth + 1)?);
            if !self.take(",") {
                return self.take(close).then_some(items);
            }
        }
    }

    fn fields(&mut self, depth: usize) -> Option<Vec<(String, Shown)>> {
        if !self.take("{") {
            return None;
        }
        let mut fields = Vec::new();
        loop {
            // Rust's Debug form of a mutex ends with `..`.
            if self.take("}") || self.take("..") && self.take("}") {
                return Some(fields);
            }
            let key = match self.peek()? {
                '"' => self.quoted('"')?,
                _ => self.key()?,
            };
            if !self.take(":") {
                return None;
            }
            fields.push((key, self.value(depth + 1)?));
            if !self.take(",") {
                return self.take("}").then_some(fields);
            }
        }
    }

    /// An unquoted key: everything up to the colon, on one line.
    fn key(&mut self) -> Option<String> {
        let key = self
            .take_while(|c| !matches!(c, ':' | ',' | '{' | '}' | '[' | ']' | '"' | '\n'))
            .trim();
        (!key.is_empty()).then(|| key.to_owned())
    }

    fn quoted(&mut self, quote: char) -> Option<String> {
        self.at += quote.len_utf8();
        let rest = self.rest();
        let mut escaped = false;
        for (index, c) in rest.char_indices() {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == quote {
                self.at += index + quote.len_utf8();
                return rest.get(..index).map(ToOwned::to_owned);
            }
        }
        None
    }

    /// `<function>`, `<builtin function: print>`.
    fn placeholder(&mut self) -> Option<Shown> {
        let inner = self.take_while(|c| !matches!(c, '>' | '\n'));
        (inner.len() > 1 && self.take(">")).then_some(Shown::Other)
    }

    /// `:ok`.
    fn atom(&mut self) -> Option<Shown> {
        self.at += 1;
        let name = self.take_while(is_word);
        (!name.is_empty()).then_some(Shown::Other)
    }

    fn number(&mut self) -> Option<Shown> {
        let start = self.at;
        self.take_while(|c| matches!(c, '-' | '+'));
        if self.peek().is_some_and(is_word_start) {
            self.take_while(|c| c.is_ascii_alphabetic());
        } else {
            self.take_while(|c| c.is_ascii_digit());
            // `1..5` is a range and no number.
            if self.rest().starts_with('.') && !self.rest().starts_with("..") {
                self.at += 1;
                self.take_while(|c| c.is_ascii_digit());
            }
            if self.rest().starts_with(['e', 'E']) {
                self.at += 1;
                self.take_while(|c| c.is_ascii_digit() || matches!(c, '-' | '+'));
            }
        }
        if self.rest().starts_with("..") || self.peek().is_some_and(is_word) {
            return None;
        }
        let value = self.text.get(start..self.at)?.parse().ok()?;
        Some(Shown::Number(value, start..self.at))
    }

    /// A word: `inf`, `true`, `Float(1.0)`, `Point {x: 1}`, `Option::None`.
    fn word(&mut self, depth: usize) -> Option<Shown> {
        let start = self.at;
        let mut name = self.take_while(is_word);
        while self.rest().starts_with("::") {
            self.at += 2;
            name = self.take_while(is_word);
        }
        if self.rest().starts_with('(') {
            let mut items = self.items("(", ")", depth)?;
            return Some(match (name, items.len()) {
                // Types of one value that Rust's Debug form names.
                (
                    "Integer" | "Int" | "Float" | "Byte" | "Array" | "List" | "Tuple" | "Object"
                    | "ObjectMut" | "String" | "Char" | "Some" | "Ok",
                    1,
                ) => items.pop()?,
                _ => Shown::Other,
            });
        }
        if self.rest().trim_start_matches(' ').starts_with('{') {
            let fields = self.fields(depth + 1)?;
            return Some(match name {
                "Mutex" | "RwLock" => fields
                    .into_iter()
                    .find(|(key, _)| key == "data")
                    .map_or(Shown::Other, |(_, data)| data),
                "Struct" => fields
                    .into_iter()
                    .find(|(key, _)| key == "fields")
                    .map_or(Shown::Other, |(_, fields)| fields),
                _ => Shown::Object(fields),
            });
        }
        match name {
            "inf" | "infinity" | "Infinity" | "NaN" | "nan" => {
                let value = self.text.get(start..self.at)?.parse().ok()?;
                Some(Shown::Number(value, start..self.at))
            }
            _ => Some(Shown::Other),
        }
    }
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The text inside `String("…")`, the Debug form in which the REPL wraps whatever it shows;
/// `None` for anything else.
///
/// The escapes are those of Rust's `char::escape_debug`: `\"`, `\'`, `\\`, `\n`, `\r`, `\t`,
/// `\0` and `\u{…}`.
pub fn unwrap_string(value: &str) -> Option<String> {
    let inner = value.strip_prefix("String(\"")?.strip_suffix("\")")?;
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find(['\\', '"']) {
        let (plain, tail) = rest.split_at(at);
        text.push_str(plain);
        let mut chars = tail.chars();
        if chars.next() == Some('"') {
            return None;
        }
        match chars.next()? {
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            '0' => text.push('\0'),
            'u' => {
                let (digits, after) = chars.as_str().strip_prefix('{')?.split_once('}')?;
                text.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
                rest = after;
                continue;
            }
            c @ ('"' | '\'' | '\\') => text.push(c),
            _ => return None,
        }
        rest = chars.as_str();
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(text: &str) -> Vec<f64> {
        let numbers = parse(text).unwrap().numbers().unwrap();
        for (value, span) in &numbers {
            let digits: f64 = text[span.clone()].parse().unwrap();
            assert!(digits.to_bits() == value.to_bits() || digits.is_nan() && value.is_nan());
        }
        numbers.into_iter().map(|(value, _)| value).collect()
    }

    #[test]
    fn lists_for_people_and_for_debugging_are_the_same() {
        assert_eq!(numbers("[1.0, -2, 3e-4]"), [1.0, -2.0, 3e-4]);
        assert_eq!(
            numbers("Array([Float(1.0), Integer(-2), Float(3e-4)])"),
            [1.0, -2.0, 3e-4]
        );
        let special = numbers("[inf, -inf, NaN, 100000000000000000000.0]");
        assert_eq!(special[..2], [f64::INFINITY, f64::NEG_INFINITY]);
        assert!(special[2].is_nan());
        assert_eq!(special[3..], [1e20]);
    }

    #[test]
    fn objects_have_bare_or_quoted_keys() {
        for text in [
            "{epoch: 1, loss: [0.5, 0.25]}",
            "{\"epoch\": 1, \"loss\": [0.5, 0.25]}",
            "Object({\"epoch\": Integer(1), \"loss\": Array([Float(0.5), Float(0.25)])})",
            "ObjectMut(Mutex { data: {\"epoch\": Integer(1), \"loss\": Array([Float(0.5), \
             Float(0.25)])}, poisoned: false, .. })",
            "Point {epoch: 1, loss: [0.5, 0.25]}",
        ] {
            let Some(Shown::Object(fields)) = parse(text) else {
                panic!("{text}");
            };
            assert_eq!(fields[0].0, "epoch", "{text}");
            assert!(matches!(fields[0].1, Shown::Number(..)), "{text}");
            assert_eq!(fields[1].1.numbers().unwrap().len(), 2, "{text}");
        }
    }

    #[test]
    fn brackets_in_strings_do_not_close_a_list() {
        let shown = parse(r#"[1, "a ] \" b", [2]]"#).unwrap();
        let Shown::List(items) = &shown else {
            panic!("{shown:?}")
        };
        assert_eq!(items.len(), 3);
        assert_eq!(shown.numbers(), None);
    }

    #[test]
    fn what_is_not_one_value_is_not_read() {
        for text in [
            "",
            "1..5",
            "[1, 2",
            "[1, 2]]",
            "1 2",
            "epoch 1 loss=0.5",
            "{epoch 1}",
            "[1; 2]",
            "1.2.3",
            "--",
            "0x",
            "Error: no",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
        for text in [
            "nil",
            "true",
            "<function>",
            "Option::None",
            ":ok",
            "Some(nil)",
        ] {
            assert_eq!(parse(text), Some(Shown::Other), "{text}");
        }
    }

    #[test]
    fn a_million_brackets_are_refused() {
        for open in ["[", "(", "{a: ", "Array("] {
            assert_eq!(parse(&open.repeat(1_000_000)), None);
        }
    }

    #[test]
    fn strings_are_unwrapped_once() {
        assert_eq!(unwrap_string(r#"String("\"a\\n\"")"#).unwrap(), r#""a\n""#);
        assert_eq!(
            unwrap_string(r#"String("\u{1b}[31m\t\'é")"#).unwrap(),
            "\u{1b}[31m\t'é"
        );
        for other in [
            "4",
            "String(4)",
            r#"String("a"b")"#,
            r#"String("\u{110000}")"#,
            r#"String("\")"#,
        ] {
            assert_eq!(unwrap_string(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn every_debug_string_is_unwrapped(text in any::<String>()) {
            let wrapped = format!("String({text:?})");
            prop_assert_eq!(unwrap_string(&wrapped), Some(text));
        }

        #[test]
        fn every_list_of_floats_is_read(values in prop::collection::vec(prop::num::f64::ANY, 1..20)) {
            for text in [format!("{values:?}"), format!("[{}]", values.iter().map(|v| format!("Float({v:?})")).collect::<Vec<_>>().join(", "))] {
                let read = parse(&text).unwrap().numbers().unwrap();
                prop_assert_eq!(read.len(), values.len());
                for ((read, _), value) in read.iter().zip(&values) {
                    prop_assert!(read.to_bits() == value.to_bits() || read.is_nan() && value.is_nan());
                }
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\](){}<>:.,\"'\\\\ \n0-9aeEnN_+-]{0,60}") {
            let _shown = parse(&text);
            let _text = unwrap_string(&format!("String(\"{text}\")"));
        }
    }
}
