//! What is planned, as the author writes it.

use ::toml::de::{DeTable, DeValue};

use super::{PlanProblem, PreregistrationError, REQUIRED, SECTION_LIMIT, SIZE_LIMIT};

/// A part of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name: `hypothesis`, `method`, `analysis`, or any other heading in lower case.
    pub name: String,
    /// Its text, without blank lines at its ends; lines end with `\n`.
    pub text: String,
}

/// Hypothesis, method and planned analysis, and whatever else the author plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    sections: Vec<Section>,
    /// Shown to everybody.
    pub public_title: Option<String>,
    /// Shown to everybody.
    pub public_authors: Vec<String>,
}

impl Plan {
    /// A plan of these sections.
    ///
    /// # Errors
    /// If a required one is missing or empty, or a name is there twice.
    pub fn new(sections: Vec<Section>) -> Result<Self, PreregistrationError> {
        Self::checked(
            "the plan",
            sections.into_iter().map(|section| (0, section)).collect(),
            Vec::new(),
        )
    }

    /// Reads Markdown: each heading of level 2 begins a section. A heading of level 1 is a
    /// section `title`; it is no public title.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_markdown(file: &str, text: &str) -> Result<Self, PreregistrationError> {
        let mut problems = size_problems(text);
        let mut sections: Vec<(usize, Section)> = Vec::new();
        let mut fence: Option<&str> = None;
        let mut in_section = false;
        for (line, number) in text.trim_start_matches('\u{feff}').lines().zip(1..) {
            let mark = line
                .trim_start()
                .get(..3)
                .filter(|mark| matches!(*mark, "```" | "~~~"));
            fence = match (fence, mark) {
                (Some(open), Some(mark)) if open == mark => None,
                (None, mark) => mark,
                (open, _) => open,
            };
            if fence.is_none()
                && let Some(title) = line.strip_prefix("# ")
            {
                in_section = false;
                let text = title.trim().to_owned();
                let name = "title".to_owned();
                sections.push((number, Section { name, text }));
                continue;
            }
            if fence.is_none()
                && let Some(heading) = line.strip_prefix("## ")
            {
                in_section = true;
                let name = section_name(heading);
                let text = String::new();
                sections.push((number, Section { name, text }));
                continue;
            }
            match sections.last_mut() {
                Some((_, section)) if in_section => {
                    section.text.push_str(line);
                    section.text.push('\n');
                }
                _ if line.trim().is_empty() => {}
                _ => problems.push(PlanProblem {
                    line: number,
                    message: "this text belongs to no section; sections begin with `## NAME`"
                        .into(),
                }),
            }
        }
        Self::checked(file, sections, problems)
    }

    /// Reads TOML: each key is a section, each value its text.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, PreregistrationError> {
        let mut problems = size_problems(text);
        let line = |at: usize| text.get(..at).unwrap_or(text).matches('\n').count() + 1;
        let (table, errors) = DeTable::parse_recoverable(text);
        problems.extend(errors.iter().map(|error| PlanProblem {
            line: error.span().map_or(0, |span| line(span.start)),
            message: error.message().to_owned(),
        }));
        let mut sections = Vec::new();
        let broken = !errors.is_empty();
        for (key, value) in table.get_ref() {
            let number = line(key.span().start);
            match value.get_ref() {
                DeValue::String(text) => sections.push((
                    number,
                    Section {
                        name: section_name(key.get_ref()),
                        text: text.lines().map(|line| format!("{line}\n")).collect(),
                    },
                )),
                // What the parser made of a line with an error is no problem of its own.
                _ if broken => {}
                _ => problems.push(PlanProblem {
                    line: number,
                    message: format!("{} is not a text", key.get_ref()),
                }),
            }
        }
        sections.sort_by_key(|(line, _)| *line);
        if broken {
            return Err(failed(file, problems));
        }
        Self::checked(file, sections, problems)
    }

    /// Reads a file: TOML where its name ends so, else Markdown.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_file(name: &str, bytes: &[u8]) -> Result<Self, PreregistrationError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let at = error.valid_up_to();
            let before = bytes.get(..at).unwrap_or_default();
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let message = "this is not UTF-8".to_owned();
            failed(name, vec![PlanProblem { line, message }])
        })?;
        if name.to_ascii_lowercase().ends_with(".toml") {
            Self::from_toml(name, text)
        } else {
            Self::from_markdown(name, text)
        }
    }

    fn checked(
        file: &str,
        sections: Vec<(usize, Section)>,
        mut problems: Vec<PlanProblem>,
    ) -> Result<Self, PreregistrationError> {
        let mut kept: Vec<Section> = Vec::new();
        for (line, mut section) in sections.into_iter().take(SECTION_LIMIT + 1) {
            section.text = trimmed(&section.text);
            let mut problem = |message| problems.push(PlanProblem { line, message });
            if section.name.is_empty() {
                problem("a section has no name".into());
            } else if section.name.chars().any(char::is_control) || section.name.len() > 200 {
                problem("a section's name has at most 200 bytes and no control characters".into());
            } else if kept.iter().any(|other| other.name == section.name) {
                problem(format!("the section {:?} is there twice", section.name));
            } else if section.text.is_empty() {
                problem(format!("the section {:?} is empty", section.name));
            }
            kept.push(section);
        }
        if kept.len() > SECTION_LIMIT {
            let message = format!("there are more than {SECTION_LIMIT} sections");
            problems.push(PlanProblem { line: 0, message });
        }
        for name in REQUIRED {
            if !kept.iter().any(|section| section.name == name) {
                let message = format!("the section {name:?} is missing");
                problems.push(PlanProblem { line: 0, message });
            }
        }
        if !problems.is_empty() {
            return Err(failed(file, problems));
        }
        Ok(Self {
            sections: kept,
            public_title: None,
            public_authors: Vec::new(),
        })
    }

    /// The sections in their order.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// A plan to fill in.
    pub fn template() -> &'static str {
        "## Hypothesis\n\n\n## Method\n\n\n## Analysis\n\n"
    }
}

fn failed(file: &str, mut problems: Vec<PlanProblem>) -> PreregistrationError {
    problems.sort_by_key(|problem| (problem.line == 0, problem.line));
    PreregistrationError::Plan {
        file: file.into(),
        problems,
    }
}

fn size_problems(text: &str) -> Vec<PlanProblem> {
    if text.len() <= SIZE_LIMIT {
        return Vec::new();
    }
    vec![PlanProblem {
        line: 0,
        message: "it is larger than 16 MiB".into(),
    }]
}

/// The name of a section: what people call the required ones, else the heading in lower case.
fn section_name(heading: &str) -> String {
    let name = heading
        .trim()
        .trim_end_matches([':', '#'])
        .trim()
        .to_lowercase();
    match name.as_str() {
        "hypotheses" => "hypothesis".into(),
        "methods" => "method".into(),
        "planned analysis" | "analysis plan" | "planned analyses" | "planned_analysis" => {
            "analysis".into()
        }
        _ => name,
    }
}

/// Without blank lines at the ends and without carriage returns at line ends.
fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let start = lines.iter().position(|line| !line.is_empty());
    let end = lines.iter().rposition(|line| !line.is_empty());
    match (start, end) {
        (Some(start), Some(end)) => lines.get(start..=end).unwrap_or_default().join("\n"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKDOWN: &str = "\u{feff}# LoRA ranks\r\n\r\n## Hypotheses\r\n\r\nRank 64 wins.  \r\n\r\n## Methods:\n```\n## not a heading\n```\n## Planned analysis\nA t-test.\n## Power\nn = 3\n";

    #[test]
    fn markdown_and_toml_say_the_same() {
        let plan = Plan::from_file("plan.md", MARKDOWN.as_bytes()).unwrap();
        let sections: Vec<_> = plan
            .sections()
            .iter()
            .map(|section| (section.name.as_str(), section.text.as_str()))
            .collect();
        let expected = [
            ("title", "LoRA ranks"),
            ("hypothesis", "Rank 64 wins."),
            ("method", "```\n## not a heading\n```"),
            ("analysis", "A t-test."),
            ("power", "n = 3"),
        ];
        assert_eq!(sections, expected);
        let toml = "title = \"LoRA ranks\"\nhypothesis = \"Rank 64 wins.\"\n\
                    method = '''\n```\n## not a heading\n```\n'''\n\"planned analysis\" = \"A t-test.\"\npower = \"n = 3\"\n";
        assert_eq!(Plan::from_file("Plan.TOML", toml.as_bytes()).unwrap(), plan);
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let problems =
            |name: &str, text: &[u8]| Plan::from_file(name, text).unwrap_err().to_string();
        assert_eq!(
            problems(
                "p.md",
                b"hello\n## Hypothesis\nx\n## hypothesis\ny\n## Method\n\n"
            ),
            "p.md: line 1: this text belongs to no section; sections begin with `## NAME`; \
             line 4: the section \"hypothesis\" is there twice; line 6: the section \"method\" is empty; \
             the section \"analysis\" is missing"
        );
        assert_eq!(
            problems("p.toml", b"hypothesis = 1\nmethod = [\"a\"]\n"),
            "p.toml: line 1: hypothesis is not a text; line 2: method is not a text; \
             the section \"hypothesis\" is missing; the section \"method\" is missing; \
             the section \"analysis\" is missing"
        );
        assert!(problems("p.toml", b"a = \nb = \"").starts_with("p.toml: line 1: "));
        assert_eq!(
            problems("p.md", b"a\n\xff"),
            "p.md: line 2: this is not UTF-8"
        );
        assert!(Plan::from_markdown("t", Plan::template()).is_err());
    }
}
