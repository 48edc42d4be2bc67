use std::fmt;

use super::ValidationError;

/// What a contributor did: the fourteen roles of CRediT (ANSI/NISO Z39.104-2022).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContributorRole {
    /// Ideas; formulation of the goals.
    Conceptualization,
    /// Annotating, cleaning and maintaining the data.
    DataCuration,
    /// Statistical, mathematical, computational analysis.
    FormalAnalysis,
    /// Getting the money.
    FundingAcquisition,
    /// Doing the experiments.
    Investigation,
    /// Designing the method.
    Methodology,
    /// Managing and coordinating.
    ProjectAdministration,
    /// Providing materials, computers, instruments.
    Resources,
    /// Programming.
    Software,
    /// Oversight and mentoring.
    Supervision,
    /// Checking that results can be had again.
    Validation,
    /// Presenting the data.
    Visualization,
    /// Writing the first draft.
    WritingOriginalDraft,
    /// Review, commentary, revision.
    WritingReviewEditing,
}

impl ContributorRole {
    /// All roles, in the order of the standard.
    pub const ALL: [Self; 14] = [
        Self::Conceptualization,
        Self::DataCuration,
        Self::FormalAnalysis,
        Self::FundingAcquisition,
        Self::Investigation,
        Self::Methodology,
        Self::ProjectAdministration,
        Self::Resources,
        Self::Software,
        Self::Supervision,
        Self::Validation,
        Self::Visualization,
        Self::WritingOriginalDraft,
        Self::WritingReviewEditing,
    ];

    /// The role of that name or URI; case, dashes and `&` do not matter.
    ///
    /// # Errors
    /// If there is none.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let fold = |text: &str| {
            let words = text.split(|c: char| !c.is_alphanumeric());
            let words = words.filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("and"));
            words.map(str::to_lowercase).collect::<String>()
        };
        let given = fold(text);
        Self::ALL
            .into_iter()
            .find(|role| fold(role.name()) == given || fold(role.uri()) == given)
            .ok_or_else(|| ValidationError::InvalidRole {
                given: text.to_owned(),
            })
    }

    /// The role's name in the standard.
    pub fn name(self) -> &'static str {
        match self {
            Self::Conceptualization => "Conceptualization",
            Self::DataCuration => "Data curation",
            Self::FormalAnalysis => "Formal analysis",
            Self::FundingAcquisition => "Funding acquisition",
            Self::Investigation => "Investigation",
            Self::Methodology => "Methodology",
            Self::ProjectAdministration => "Project administration",
            Self::Resources => "Resources",
            Self::Software => "Software",
            Self::Supervision => "Supervision",
            Self::Validation => "Validation",
            Self::Visualization => "Visualization",
            Self::WritingOriginalDraft => "Writing – original draft",
            Self::WritingReviewEditing => "Writing – review & editing",
        }
    }

    /// The role's URI, as the standard's site gives it.
    pub fn uri(self) -> &'static str {
        match self {
            Self::Conceptualization => {
                "https://credit.niso.org/contributor-roles/conceptualization/"
            }
            Self::DataCuration => "https://credit.niso.org/contributor-roles/data-curation/",
            Self::FormalAnalysis => "https://credit.niso.org/contributor-roles/formal-analysis/",
            Self::FundingAcquisition => {
                "https://credit.niso.org/contributor-roles/funding-acquisition/"
            }
            Self::Investigation => "https://credit.niso.org/contributor-roles/investigation/",
            Self::Methodology => "https://credit.niso.org/contributor-roles/methodology/",
            Self::ProjectAdministration => {
                "https://credit.niso.org/contributor-roles/project-administration/"
            }
            Self::Resources => "https://credit.niso.org/contributor-roles/resources/",
            Self::Software => "https://credit.niso.org/contributor-roles/software/",
            Self::Supervision => "https://credit.niso.org/contributor-roles/supervision/",
            Self::Validation => "https://credit.niso.org/contributor-roles/validation/",
            Self::Visualization => "https://credit.niso.org/contributor-roles/visualization/",
            Self::WritingOriginalDraft => {
                "https://credit.niso.org/contributor-roles/writing-original-draft/"
            }
            Self::WritingReviewEditing => {
                "https://credit.niso.org/contributor-roles/writing-review-editing/"
            }
        }
    }
}

impl fmt::Display for ContributorRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_uri_is_the_slug_of_the_name() {
        for role in ContributorRole::ALL {
            let slug: Vec<String> = role
                .to_string()
                .split(|c: char| !c.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .map(str::to_lowercase)
                .collect();
            let expected = format!(
                "https://credit.niso.org/contributor-roles/{}/",
                slug.join("-")
            );
            assert_eq!(role.uri(), expected);
        }
    }
}
