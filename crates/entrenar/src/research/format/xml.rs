//! Indented XML 1.0 in UTF-8.

/// A document that is being written. Text is escaped; names are the caller's own.
#[derive(Debug)]
pub(super) struct Xml {
    out: String,
    depth: usize,
}

impl Xml {
    pub(super) fn new() -> Self {
        Self {
            out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".into(),
            depth: 0,
        }
    }

    /// An element with text; attributes without a value are left out.
    pub(super) fn leaf(&mut self, name: &str, attributes: &[(&str, Option<&str>)], text: &str) {
        self.start(name, attributes);
        self.out.push('>');
        push_escaped(&mut self.out, text);
        self.end(name);
    }

    /// An element with elements, which `inside` writes.
    pub(super) fn branch(
        &mut self,
        name: &str,
        attributes: &[(&str, Option<&str>)],
        inside: impl FnOnce(&mut Self),
    ) {
        self.start(name, attributes);
        self.out.push_str(">\n");
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        self.indent();
        self.end(name);
    }

    /// An element around `items`, if there are any.
    pub(super) fn list<T>(&mut self, name: &str, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        if !items.is_empty() {
            self.branch(name, &[], |xml| {
                for one in items {
                    item(xml, one);
                }
            });
        }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
    }

    fn start(&mut self, name: &str, attributes: &[(&str, Option<&str>)]) {
        self.indent();
        self.out.push('<');
        self.out.push_str(name);
        for (name, value) in attributes {
            if let Some(value) = value {
                for part in [" ", name, "=\""] {
                    self.out.push_str(part);
                }
                push_escaped(&mut self.out, value);
                self.out.push('"');
            }
        }
    }

    fn end(&mut self, name: &str) {
        for part in ["</", name, ">\n"] {
            self.out.push_str(part);
        }
    }
}

/// What XML would read otherwise is escaped; white space too where a reader would change it.
fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\r' => out.push_str("&#13;"),
            _ => out.push(c),
        }
    }
}
