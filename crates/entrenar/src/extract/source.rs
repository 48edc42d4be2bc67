//! Which names the code of a cell sets and uses, without its grammar: notebooks are written in
//! many languages.
//!
//! A block is a line that is not indented, with the indented lines below it. What a block uses
//! leads back to the blocks that set it, up to the last assignment: a function to its body, a model
//! to the lines that built it.

use std::collections::{BTreeSet, HashMap};

/// Blocks of a session that are looked at, and steps back from use to assignment of all runs.
const MAX_BLOCKS: usize = 20_000;
const MAX_STEPS: usize = 2_000_000;

/// `source` with a blank for each byte of a comment and of a string; what a format string
/// (`f"…{x}"`) holds stays.
pub(crate) fn without_text(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut plain = bytes.to_vec();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let end = match byte {
            b'#' => at + line_length(rest),
            b'/' if rest.starts_with(b"//") => at + line_length(rest),
            b'"' | b'\'' => {
                let end = at + string_length(rest);
                let format = at
                    .checked_sub(1)
                    .and_then(|before| bytes.get(before))
                    .is_some_and(|before| matches!(before, b'f' | b'F'));
                if format {
                    at = end;
                    continue;
                }
                end
            }
            _ => {
                at += 1;
                continue;
            }
        };
        for byte in plain.get_mut(at..end).unwrap_or_default() {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8_lossy(&plain).into_owned()
}

fn line_length(rest: &[u8]) -> usize {
    memchr::memchr(b'\n', rest).unwrap_or(rest.len())
}

/// Length of the string that `rest` begins with; one in single marks ends with its line.
fn string_length(rest: &[u8]) -> usize {
    let Some(mark) = rest.first() else { return 0 };
    let three = [*mark; 3];
    if rest.starts_with(&three) {
        let inside = rest.get(3..).unwrap_or_default();
        return memchr::memmem::find(inside, &three).map_or(rest.len(), |end| end + 6);
    }
    let mut at = 1;
    while let Some(byte) = rest.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\n' => return at,
            other if other == mark => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Names that `text` uses: not those of attributes (`a.name`) nor of arguments (`name=1`).
fn uses<'a>(text: &'a str, mut each: impl FnMut(&'a str)) {
    let bytes = text.as_bytes();
    let mut before = b' ';
    let mut at = 0;
    while let Some(first) = bytes.get(at) {
        let length = name_length(text, at);
        if length == 0 {
            if *first != b' ' {
                before = *first;
            }
            at += 1;
            continue;
        }
        let (start, end) = (at, at + length);
        at = end;
        let is_attribute = before == b'.';
        before = b'a';
        if is_attribute || first.is_ascii_digit() {
            continue;
        }
        let rest = bytes.get(end..).unwrap_or_default();
        let mut next = rest.iter().skip_while(|byte| **byte == b' ');
        let set = next.next() == Some(&b'=') && next.next() != Some(&b'=');
        if !set {
            each(text.get(start..end).unwrap_or_default());
        }
    }
}

/// Length in bytes of the name at byte `start`; 0 if there is none, or if `start` is within a
/// character.
fn name_length(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut end = start;
    while let Some(byte) = bytes.get(end) {
        if byte.is_ascii_alphanumeric() || *byte == b'_' {
            end += 1;
        } else if byte.is_ascii() {
            break;
        } else {
            match text.get(end..).and_then(|rest| rest.chars().next()) {
                Some(c) if is_name(c) => end += c.len_utf8(),
                _ => break,
            }
        }
    }
    end - start
}

/// Names that the line sets (`a = …`, `a, b = …`, `a += …`, `let mut a = …`, `a <- …`), and the
/// byte from which it uses names.
fn sets(line: &str) -> (Vec<&str>, usize) {
    let bytes = line.as_bytes();
    let mut end = 0;
    while let Some(byte) = bytes.get(end) {
        if matches!(byte, b' ' | b',' | b':' | b'*' | b'+' | b'-' | b'/' | b'.') {
            end += 1;
            continue;
        }
        match name_length(line, end) {
            0 => break,
            length => end += length,
        }
    }
    let (head, behind) = line.split_at(end);
    let assigns = behind.starts_with('=') && !behind.starts_with("==") || behind.starts_with("<-");
    if !assigns {
        return (Vec::new(), 0);
    }
    let changes = head.ends_with(['+', '-', '*', '/']);
    let names = head.split(':').next().unwrap_or_default();
    let names = names
        .split(',')
        .filter_map(|part| {
            part.trim_end_matches([' ', '+', '-', '*', '/'])
                .rsplit([' ', '*'])
                .next()
        })
        .filter(|name| !name.is_empty() && name.chars().all(is_name))
        .collect();
    (names, if changes { 0 } else { end })
}

/// A block of code.
#[derive(Debug)]
struct Block {
    cell: usize,
    /// Numbers of names, in order, each once.
    uses: Vec<u32>,
    /// A function or a type: its names are looked up when it is used.
    late: bool,
}

/// Words that begin the definition of a function or a type.
const DEFINES: [&str; 8] = [
    "def", "class", "fn", "fun", "function", "struct", "async", "macro",
];

/// Functions that show their arguments.
const SHOWS: [&str; 7] = ["print", "println", "display", "show", "plot", "cat", "len"];

/// What the blocks do with a name.
#[derive(Debug, Default)]
struct Name {
    /// The blocks that set it, in order, and whether each sets it anew.
    set_by: Vec<(usize, bool)>,
    /// Whether any block uses it.
    is_used: bool,
}

fn index_of(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The blocks of the cells of a session and what they set and use.
#[derive(Debug, Default)]
pub(super) struct Code {
    names: HashMap<String, u32>,
    /// What is known of each name, by its number.
    numbers: Vec<Name>,
    blocks: Vec<Block>,
    imported: BTreeSet<u32>,
    cells: usize,
    steps: usize,
}

impl Code {
    fn name(&mut self, name: &str) -> u32 {
        if let Some(number) = self.names.get(name) {
            return *number;
        }
        let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        self.names.insert(name.to_owned(), number);
        self.numbers.push(Name::default());
        number
    }

    /// The number of cells that were added.
    pub(super) fn cells(&self) -> usize {
        self.cells
    }

    /// Adds the next cell.
    pub(super) fn add(&mut self, source: &str) {
        let cell = self.cells;
        self.cells += 1;
        let plain = without_text(source);
        let mut start = 0;
        let mut at = 0;
        for line in plain.split_inclusive('\n') {
            let opens = line
                .chars()
                .next()
                .is_some_and(|c| is_name(c) || matches!(c, '@' | '%' | '(' | '!' | '['));
            if opens && at > start {
                self.block(cell, plain.get(start..at).unwrap_or_default());
                start = at;
            }
            at += line.len();
        }
        self.block(cell, plain.get(start..).unwrap_or_default());
    }

    fn block(&mut self, cell: usize, text: &str) {
        if self.blocks.len() >= MAX_BLOCKS || text.trim().is_empty() {
            return;
        }
        let index = self.blocks.len();
        let first = text.lines().next().unwrap_or_default();
        let word = first.split(|c| !is_name(c)).next().unwrap_or_default();
        let mut used = Vec::new();
        let mut set = Vec::new();
        for line in text.lines() {
            let (names, from) = sets(line);
            set.extend(names.into_iter().map(|name| (line, name)));
            uses(line.get(from..).unwrap_or_default(), |name| {
                used.push(self.name(name));
            });
        }
        used.sort_unstable();
        used.dedup();
        let late = DEFINES.contains(&word) || first.contains("function(");
        if matches!(word, "import" | "from" | "using" | "use" | "library") {
            self.imported.extend(used.drain(..));
        } else if DEFINES.contains(&word) {
            let name = first
                .split(|c| !is_name(c))
                .find(|part| !part.is_empty() && !DEFINES.contains(part));
            if let Some(name) = name {
                let number = self.name(name);
                self.set(number, index, true);
            }
        } else {
            for (line, name) in set {
                let number = self.name(name);
                let anew = !line.starts_with(' ') && used.binary_search(&number).is_err();
                self.set(number, index, anew);
            }
            let behind = first.get(word.len()..).unwrap_or_default();
            if behind.starts_with(['.', '[']) {
                let number = self.name(word);
                self.set(number, index, false);
            } else if behind.starts_with('(') && !SHOWS.contains(&word) {
                // A function may change what it is given.
                for number in &used {
                    self.set(*number, index, false);
                }
            }
        }
        for number in &used {
            if let Some(name) = self.numbers.get_mut(index_of(*number)) {
                name.is_used = true;
            }
        }
        self.blocks.push(Block {
            cell,
            uses: used,
            late,
        });
    }

    fn set(&mut self, number: u32, block: usize, anew: bool) {
        if let Some(name) = self.numbers.get_mut(index_of(number)) {
            name.set_by.push((block, anew));
        }
    }

    /// What the code of `cells` uses, itself or through what it uses.
    pub(super) fn used(&mut self, cells: std::ops::RangeInclusive<usize>) -> Used {
        let begin = self.blocks.partition_point(|b| b.cell < *cells.start());
        let end = self.blocks.partition_point(|b| b.cell <= *cells.end());
        let mut seen: BTreeSet<usize> = (begin..end).collect();
        let mut waiting: Vec<usize> = seen.iter().copied().collect();
        let mut names: BTreeSet<u32> = BTreeSet::new();
        while let Some(index) = waiting.pop() {
            let Some(block) = self.blocks.get(index) else {
                continue;
            };
            names.extend(&block.uses);
            let before = if block.late { end } else { index };
            for number in block.uses.iter().filter(|n| !self.imported.contains(n)) {
                let name = self.numbers.get(index_of(*number));
                let setters = name.map_or(&[][..], |name| &name.set_by);
                let known = setters.partition_point(|(setter, _)| *setter < before);
                for (setter, anew) in setters.get(..known).unwrap_or_default().iter().rev() {
                    self.steps += 1;
                    if self.steps > MAX_STEPS {
                        return Used::default();
                    }
                    if seen.insert(*setter) {
                        waiting.push(*setter);
                    }
                    if *anew {
                        break;
                    }
                }
            }
        }
        Used(names)
    }

    /// Whether `used` has `name`.
    pub(super) fn is_used(&self, used: &Used, name: &str) -> bool {
        self.names.get(name).is_some_and(|n| used.0.contains(n))
    }

    /// Whether any code uses `name`.
    pub(super) fn is_used_at_all(&self, name: &str) -> bool {
        let number = self.names.get(name);
        number
            .and_then(|number| self.numbers.get(index_of(*number)))
            .is_some_and(|name| name.is_used)
    }
}

/// The names that some code uses.
#[derive(Debug, Default)]
pub(super) struct Used(BTreeSet<u32>);

#[cfg(test)]
mod tests {
    use super::*;

    fn used(cells: &[&str], of: std::ops::RangeInclusive<usize>, name: &str) -> bool {
        let mut code = Code::default();
        for source in cells {
            code.add(source);
        }
        let used = code.used(of);
        code.is_used(&used, name)
    }

    #[test]
    fn text_is_no_code() {
        let source = "a = 'x # y'  # lr\nb = f\"{lr}\" // c\n\"\"\"lr\nlr\"\"\"\n'é";
        let plain = without_text(source);
        assert_eq!(plain.len(), source.len());
        let mut names = Vec::new();
        uses(&plain, |name| names.push(name.to_owned()));
        assert_eq!(names, ["f", "lr"]);
    }

    #[test]
    fn arguments_and_attributes_are_no_uses() {
        assert!(!used(&["fit(x, lr=0.1, o.lr)"], 0..=0, "lr"));
        assert!(used(&["fit(x, rate=lr)"], 0..=0, "lr"));
        assert!(used(&["fit(x, lr=lr)"], 0..=0, "lr"));
        assert!(used(&["if lr == 1: fit()"], 0..=0, "lr"));
    }

    #[test]
    fn uses_lead_back_to_what_was_set() {
        let cells = [
            "import plt\nlr = 0.1\nheads = 8\nsize = 3",
            "def train(model):\n    step(model, lr)\n",
            "a = Model()\na.add(Layer(heads))\nplt.plot(size)",
            "a, b = other(), 2\n",
        ];
        let with = |last: &'static str| {
            let mut cells = cells.to_vec();
            cells.push(last);
            cells
        };
        assert!(used(&with("train(b)"), 4..=4, "lr"));
        assert!(!used(&with("train(b)"), 4..=4, "heads"));
        assert!(used(&cells, 2..=2, "heads"));
        assert!(used(&with("tune(b, heads)\nb.fit()"), 4..=4, "heads"));
        // Set anew since.
        assert!(!used(&with("a.fit()\nplt.show()"), 4..=4, "heads"));
        assert!(!used(&with("a.fit()\nplt.show()"), 4..=4, "size"));
    }

    #[test]
    fn assignments_are_found() {
        for (line, expected) in [
            ("a = 1", vec!["a"]),
            ("a, b = 1, 2", vec!["a", "b"]),
            ("let mut a: f64 = 1", vec!["a"]),
            ("a <- 1", vec!["a"]),
            ("a += 1", vec!["a"]),
            ("    a = 1", vec!["a"]),
            ("a == 1", vec![]),
            ("f(a=1)", vec![]),
            ("a.b = 1", vec![]),
        ] {
            assert_eq!(sets(line).0, expected, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_source_is_read(source in "[a-c ='\"#(){}.,\né\\\\]{0,60}") {
            let mut code = Code::default();
            code.add(&source);
            let used = code.used(0..=0);
            proptest::prop_assert!(!code.is_used(&used, "a") || code.is_used_at_all("a"));
        }
    }
}
