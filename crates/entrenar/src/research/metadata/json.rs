//! JSON as a tree whose parts know where they stand.

use super::node::{Content, Entry, Node, Problems};

/// Parses JSON; what is no JSON is one problem, with its place.
///
/// serde_json judges the text (and bounds its depth); the walk behind it only has to find the
/// places again.
pub(super) fn parse(text: &str, problems: &mut Problems<'_>) -> Option<Node> {
    let judged: Result<serde_json::Value, _> = serde_json::from_str(text);
    if let Err(error) = judged {
        let line_start: usize = text
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1))
            .map(str::len)
            .sum();
        let at = if error.is_eof() {
            text.len()
        } else {
            (line_start + error.column().saturating_sub(1)).min(text.len())
        };
        let message = error.to_string();
        let message = message
            .rsplit_once(" at line ")
            .map_or(message.as_str(), |(before, _)| before);
        problems.add(Some(at), "", format!("it is not JSON: {message}"));
        return None;
    }
    let mut walk = Walk { text, at: 0 };
    let node = walk.value();
    if node.is_none() {
        problems.add(Some(walk.at), "", "it is not JSON");
    }
    node
}

/// A walk over text that is known to be JSON; it ends where that is not so.
struct Walk<'a> {
    text: &'a str,
    at: usize,
}

impl Walk<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.at += rest.len() - trimmed.len();
    }

    fn next_is(&mut self, byte: char) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(byte);
        if found {
            self.at += byte.len_utf8();
        }
        found
    }

    fn value(&mut self) -> Option<Node> {
        self.skip_space();
        let at = self.at;
        let value = match self.rest().bytes().next()? {
            b'{' => self.table()?,
            b'[' => self.list()?,
            b'"' => Content::Text(self.string()?),
            _ => {
                let rest = self.rest();
                let end = rest
                    .find([',', ']', '}', ' ', '\t', '\n', '\r'])
                    .unwrap_or(rest.len());
                let word = rest.get(..end)?.to_owned();
                self.at += end;
                match word.as_str() {
                    "null" => Content::Null,
                    "true" => Content::Bool(true),
                    "false" => Content::Bool(false),
                    _ => Content::Number(word),
                }
            }
        };
        Some(Node { at, value })
    }

    fn string(&mut self) -> Option<String> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.bytes().skip(1).position(|byte| {
            let is_end = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            is_end
        })?;
        let quoted = rest.get(..end + 2)?;
        let text = serde_json::from_str(quoted).ok()?;
        self.at += quoted.len();
        Some(text)
    }

    fn list(&mut self) -> Option<Content> {
        self.at += 1;
        let mut items = Vec::new();
        if self.next_is(']') {
            return Some(Content::List(items));
        }
        loop {
            items.push(self.value()?);
            if self.next_is(']') {
                return Some(Content::List(items));
            }
            self.next_is(',').then_some(())?;
        }
    }

    fn table(&mut self) -> Option<Content> {
        self.at += 1;
        let mut entries = Vec::new();
        if self.next_is('}') {
            return Some(Content::Table(entries));
        }
        loop {
            self.skip_space();
            let at = self.at;
            let key = self.string()?;
            self.next_is(':').then_some(())?;
            let value = self.value()?;
            entries.push(Entry { key, at, value });
            if self.next_is('}') {
                return Some(Content::Table(entries));
            }
            self.next_is(',').then_some(())?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_know_their_places() {
        let text = "{ \"a\\\"\": [1, {\"b\" : null}],\n \"c\":\"\\u00e9\" }";
        let mut problems = Problems::new(text);
        let node = parse(text, &mut problems).unwrap();
        let Content::Table(entries) = &node.value else {
            panic!("{node:?}")
        };
        assert_eq!(entries[0].key, "a\"");
        let Content::List(items) = &entries[0].value.value else {
            panic!("{node:?}")
        };
        assert_eq!(&text[items[1].at..=items[1].at], "{");
        assert_eq!(entries[1].value.as_text(), Some("é"));
        assert_eq!(&text[entries[1].at..entries[1].at + 3], "\"c\"");
        assert!(problems.finish("x", ()).is_ok());
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        for (text, place) in [
            ("{\n \"a\": nope}", "x:2:8: "),
            ("", "x:1:1: "),
            ("{\"a\": 1", "x:1:8: "),
        ] {
            let mut problems = Problems::new(text);
            assert_eq!(parse(text, &mut problems), None);
            let error = problems.finish("x", ()).unwrap_err().to_string();
            assert!(error.starts_with(place), "{error}");
        }
        let deep = "[".repeat(100_000);
        let mut problems = Problems::new(&deep);
        assert_eq!(parse(&deep, &mut problems), None);
    }

    #[test]
    fn every_value_of_serde_json_is_walked() {
        fn same(node: &Node, value: &serde_json::Value) -> bool {
            use serde_json::Value;
            match (&node.value, value) {
                (Content::Null, Value::Null) => true,
                (Content::Bool(a), Value::Bool(b)) => a == b,
                (Content::Number(a), Value::Number(_)) => {
                    serde_json::from_str::<Value>(a).is_ok_and(|a| a == *value)
                }
                (Content::Text(a), Value::String(b)) => a == b,
                (Content::List(a), Value::Array(b)) => {
                    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
                }
                (Content::Table(a), Value::Object(b)) => {
                    a.len() == b.len() && a.iter().all(|a| same(&a.value, &b[&a.key]))
                }
                _ => false,
            }
        }
        let value = serde_json::json!({"a": [1, -2.5e10, true, false, null, [], {}], "\\\"é\n": "\u{1f600}\\"});
        for text in [value.to_string(), format!("{value:#}")] {
            let node = parse(&text, &mut Problems::new(&text)).unwrap();
            assert!(same(&node, &value), "{text}");
        }
    }
}
