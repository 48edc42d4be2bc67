//! Which names the code of a cell sets and uses, without its grammar: notebooks are written in
//! many languages.
//!
//! A block is a line that is not indented, with the indented lines below it. What a block uses
//! leads back to the blocks that set it, up to the last assignment: a function to its body, a model
//! to the lines that built it.

use std::collections::{BTreeMap, BTreeSet};

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
fn uses(text: &str, mut each: impl FnMut(&str)) {
    let mut before = ' ';
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if !is_name(first) {
            if first != ' ' {
                before = first;
            }
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let next = behind.trim_start_matches(' ');
        let set = next.starts_with('=') && !next.starts_with("==");
        if before != '.' && !set && !first.is_ascii_digit() {
            each(name);
        }
        before = 'a';
        rest = behind;
    }
}

/// Names that the line sets (`a = …`, `a, b = …`, `a += …`, `let mut a = …`, `a <- …`), and the
/// byte from which it uses names.
fn sets(line: &str) -> (Vec<&str>, usize) {
    let end = line
        .char_indices()
        .find(|(_, c)| !(is_name(*c) || " ,:*+-/.".contains(*c)))
        .map_or(line.len(), |(at, _)| at);
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
    uses: BTreeSet<u32>,
    /// A function or a type: its names are looked up when it is used.
    late: bool,
}

/// Words that begin the definition of a function or a type.
const DEFINES: [&str; 8] = [
    "def", "class", "fn", "fun", "function", "struct", "async", "macro",
];

/// Functions that show their arguments.
const SHOWS: [&str; 7] = ["print", "println", "display", "show", "plot", "cat", "len"];

/// The blocks of the cells of a session and what they set and use.
#[derive(Debug, Default)]
pub(super) struct Code {
    names: BTreeMap<String, u32>,
    blocks: Vec<Block>,
    /// For each name, the blocks that set it, in order, and whether each sets it anew.
    set_by: BTreeMap<u32, Vec<(usize, bool)>>,
    imported: BTreeSet<u32>,
    /// What any block uses.
    anywhere: BTreeSet<u32>,
    cells: usize,
    steps: usize,
}

impl Code {
    fn name(&mut self, name: &str) -> u32 {
        if let Some(number) = self.names.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.insert(name.to_owned(), number);
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
        let mut used = BTreeSet::new();
        for line in text.lines() {
            let from = sets(line).1;
            uses(line.get(from..).unwrap_or_default(), |name| {
                used.insert(self.name(name));
            });
        }
        let late = DEFINES.contains(&word) || first.contains("function(");
        if matches!(word, "import" | "from" | "using" | "use" | "library") {
            self.imported.append(&mut used);
        } else if DEFINES.contains(&word) {
            let name = first
                .split(|c| !is_name(c))
                .find(|part| !part.is_empty() && !DEFINES.contains(part));
            if let Some(name) = name {
                self.set(name, index, true);
            }
        } else {
            for line in text.lines() {
                for name in sets(line).0 {
                    let number = self.name(name);
                    let anew = !line.starts_with(' ') && !used.contains(&number);
                    self.set(name, index, anew);
                }
            }
            let behind = first.get(word.len()..).unwrap_or_default();
            if behind.starts_with(['.', '[']) {
                self.set(word, index, false);
            } else if behind.starts_with('(') && !SHOWS.contains(&word) {
                // A function may change what it is given.
                for name in &used {
                    self.set_by.entry(*name).or_default().push((index, false));
                }
            }
        }
        self.anywhere.extend(&used);
        self.blocks.push(Block {
            cell,
            uses: used,
            late,
        });
    }

    fn set(&mut self, name: &str, block: usize, anew: bool) {
        let number = self.name(name);
        self.set_by.entry(number).or_default().push((block, anew));
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
            for name in block.uses.difference(&self.imported) {
                let setters = self.set_by.get(name).map_or(&[][..], Vec::as_slice);
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
        number.is_some_and(|n| self.anywhere.contains(n))
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
