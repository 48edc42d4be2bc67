//! The forms in which providers give out credentials: a prefix nobody else uses, and so many
//! characters of an alphabet. The sources of the descriptions are listed in `docs/secret-gate.md`.

use super::likely;
use super::{Rule, Severity};

/// The characters behind a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// `a-z`, `A-Z`, `0-9`.
    Alnum,
    /// `0-9`, `a-f`, `A-F`.
    Hex,
    /// `A-Z`, `0-9`.
    Upper,
    /// As `Alnum`, with `-` and `_`.
    Url,
    /// As `Url`, with `.`, `=` and `~`.
    Dotted,
    /// As `Alnum`, with `+`, `/`, `=`.
    Base64,
    /// As `Url`, with `%`.
    Percent,
    /// As `Url`, with `+`, `/`, `=`.
    Wide,
}

impl Alphabet {
    pub(super) fn has(self, byte: u8) -> bool {
        match self {
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Self::Dotted => byte.is_ascii_alphanumeric() || b"-_.=~".contains(&byte),
            Self::Base64 => byte.is_ascii_alphanumeric() || b"+/=".contains(&byte),
            Self::Percent => byte.is_ascii_alphanumeric() || b"-_%".contains(&byte),
            Self::Wide => byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte),
        }
    }

    /// Bytes at the beginning of `text` that are in the alphabet, `most` + 1 at most.
    pub(super) fn run(self, text: &[u8], most: usize) -> usize {
        text.iter()
            .take(most.saturating_add(1))
            .take_while(|byte| self.has(**byte))
            .count()
    }
}

/// One form.
#[derive(Debug)]
pub(super) struct Format {
    /// How it begins; capitals matter.
    pub(super) prefix: &'static str,
    pub(super) rule: Rule,
    pub(super) alphabet: Alphabet,
    /// Characters behind the prefix.
    pub(super) least: usize,
    pub(super) most: usize,
}

/// Longest value behind a prefix.
const LONG: usize = 2000;

macro_rules! formats {
    ($($id:literal $title:literal $alphabet:ident $least:tt..=$most:tt: $($prefix:literal)+;)*) => {
        &[$($(Format {
            prefix: $prefix,
            rule: Rule {
                id: $id,
                title: $title,
                severity: Severity::Blocks,
            },
            alphabet: Alphabet::$alphabet,
            least: $least,
            most: $most,
        },)+)*]
    };
}

/// All forms with a prefix.
pub(super) const FORMATS: &[Format] = formats! {
    "aws-access-key" "AWS access key" Upper 16..=16: "AKIA" "ASIA" "ABIA" "ACCA";
    "aws-access-key" "AWS access key" Upper 17..=17: "A3T";
    "aws-bedrock-key" "AWS Bedrock API key" Base64 100..=300: "ABSK";
    "aws-bedrock-key" "AWS Bedrock API key" Base64 20..=LONG: "bedrock-api-key-";
    "google-api-key" "Google API key" Url 35..=35: "AIza";
    "google-oauth-secret" "Google OAuth client secret" Url 24..=32: "GOCSPX-";
    "google-oauth-token" "Google OAuth access token" Url 30..=LONG: "ya29.";
    "google-refresh-token" "Google OAuth refresh token" Url 40..=200: "1//0";
    "github-token" "GitHub token" Alnum 36..=255: "ghp_" "gho_" "ghu_" "ghr_";
    "github-token" "GitHub token" Dotted 36..=LONG: "ghs_";
    "github-token" "GitHub token" Url 36..=255: "github_pat_";
    "gitlab-token" "GitLab token" Dotted 20..=320: "glpat-" "gldt-" "glrt-" "glft-" "glsoat-" "glptt-" "glcbt-" "glimt-" "glagent-" "gloas-" "glffct-" "glrtr-" "glwt-" "GR1348941";
    "bitbucket-token" "Bitbucket token" Dotted 24..=300: "ATBB" "ATCTT3";
    "atlassian-token" "Atlassian token" Dotted 100..=300: "ATATT3";
    "anthropic-key" "Anthropic API key" Url 24..=200: "sk-ant-";
    "openai-key" "OpenAI API key" Url 32..=300: "sk-proj-" "sk-svcacct-" "sk-admin-" "sk-None-";
    "openrouter-key" "OpenRouter API key" Hex 48..=80: "sk-or-v1-";
    "langfuse-key" "Langfuse secret key" Url 30..=60: "sk-lf-";
    "openai-key" "OpenAI API key" Url 32..=200: "sk-";
    "huggingface-token" "Hugging Face token" Alnum 30..=60: "hf_" "api_org_";
    "wandb-key" "Weights & Biases API key" Url 40..=200: "wandb_v1_";
    "kaggle-token" "Kaggle API token" Hex 32..=32: "KGAT_";
    "groq-key" "Groq API key" Alnum 40..=80: "gsk_";
    "replicate-token" "Replicate API token" Alnum 36..=45: "r8_";
    "perplexity-key" "Perplexity API key" Alnum 40..=64: "pplx-";
    "xai-key" "xAI API key" Alnum 60..=100: "xai-";
    "cerebras-key" "Cerebras API key" Alnum 40..=60: "csk-";
    "nvidia-key" "NVIDIA API key" Url 50..=90: "nvapi-";
    "fireworks-key" "Fireworks API key" Alnum 20..=40: "fw_";
    "langsmith-key" "LangSmith API key" Url 40..=60: "lsv2_pt_" "lsv2_sk_";
    "pinecone-key" "Pinecone API key" Url 40..=100: "pcsk_";
    "llamacloud-key" "LlamaCloud API key" Alnum 40..=64: "llx-";
    "jina-key" "Jina API key" Url 50..=80: "jina_";
    "voyage-key" "Voyage AI API key" Url 40..=50: "pa-" "al-";
    "tavily-key" "Tavily API key" Url 24..=60: "tvly-";
    "firecrawl-key" "Firecrawl API key" Hex 32..=32: "fc-";
    "e2b-key" "E2B API key" Hex 40..=40: "e2b_";
    "modal-token" "Modal token" Alnum 22..=22: "as-";
    "databricks-token" "Databricks token" Hex 32..=32: "dapi" "dose" "dkea";
    "snyk-token" "Snyk token" Dotted 30..=200: "snyk_uat.";
    "slack-token" "Slack token" Url 12..=300: "xoxb-" "xoxp-" "xoxa-" "xoxr-" "xoxs-" "xoxo-" "xoxe-" "xoxc-" "xoxd-" "xapp-" "xwfp-" "xoxe.xoxb-" "xoxe.xoxp-";
    "stripe-key" "Stripe key" Alnum 10..=250: "sk_live_" "rk_live_" "sk_test_" "rk_test_" "sk_prod_" "rk_prod_";
    "stripe-webhook-secret" "Stripe webhook secret" Base64 32..=80: "whsec_";
    "twilio-key" "Twilio API key" Hex 32..=32: "SK";
    "npm-token" "npm token" Alnum 36..=36: "npm_";
    "pypi-token" "PyPI token" Url 50..=LONG: "pypi-AgEIcHlwaS5vcmc" "pypi-AgENdGVzdC5weXBp" "pypi-AgE";
    "rubygems-token" "RubyGems token" Hex 48..=48: "rubygems_";
    "cargo-registry-token" "Cargo registry token" Alnum 32..=32: "cio";
    "nuget-key" "NuGet API key" Alnum 43..=43: "oy2";
    "clojars-token" "Clojars token" Alnum 60..=60: "CLOJARS_";
    "docker-token" "Docker Hub token" Url 24..=60: "dckr_pat_" "dckr_oat_";
    "artifactory-key" "Artifactory key" Alnum 59..=90: "AKCp" "cmVmd";
    "digitalocean-token" "DigitalOcean token" Hex 64..=64: "dop_v1_" "doo_v1_" "dor_v1_";
    "heroku-key" "Heroku API key" Url 50..=70: "HRKU-";
    "fly-token" "Fly.io token" Base64 40..=LONG: "fo1_" "fm1a_" "fm1r_" "fm2_";
    "netlify-token" "Netlify token" Url 36..=60: "nfp_" "nfc_" "nfo_";
    "vercel-token" "Vercel token" Alnum 40..=80: "vcp_" "vci_" "vca_" "vcr_";
    "supabase-key" "Supabase key" Url 30..=60: "sbp_" "sb_secret_";
    "neon-key" "Neon API key" Alnum 60..=70: "napi_";
    "planetscale-token" "PlanetScale token" Dotted 32..=64: "pscale_tkn_" "pscale_oauth_" "pscale_pw_";
    "tailscale-key" "Tailscale key" Url 20..=80: "tskey-";
    "pulumi-token" "Pulumi token" Hex 40..=40: "pul-";
    "prefect-token" "Prefect token" Alnum 36..=36: "pnu_" "pnb_";
    "vault-token" "HashiCorp Vault token" Url 24..=300: "hvs." "hvb." "hvr.";
    "doppler-token" "Doppler token" Dotted 40..=60: "dp.pt." "dp.st." "dp.ct." "dp.sa.";
    "onepassword-token" "1Password service account token" Base64 200..=LONG: "ops_eyJ";
    "onepassword-key" "1Password secret key" Url 30..=40: "A3-";
    "infisical-token" "Infisical token" Dotted 60..=200: "st.";
    "sendgrid-key" "SendGrid API key" Dotted 60..=70: "SG.";
    "mailgun-key" "Mailgun key" Hex 32..=32: "key-" "pubkey-";
    "brevo-key" "Brevo API key" Url 64..=90: "xkeysib-" "xsmtpsib-";
    "resend-key" "Resend API key" Url 30..=40: "re_";
    "newrelic-key" "New Relic key" Url 19..=44: "NRAK-" "NRII-" "NRJS-" "NRIQ-" "NRAA-";
    "sentry-token" "Sentry token" Wide 60..=LONG: "sntrys_eyJ";
    "sentry-token" "Sentry token" Hex 64..=64: "sntryu_";
    "grafana-token" "Grafana token" Url 40..=60: "glsa_";
    "grafana-token" "Grafana token" Base64 32..=400: "glc_" "eyJrIjoi";
    "dynatrace-token" "Dynatrace token" Dotted 80..=100: "dt0c01." "dt0s01.";
    "datadog-key" "Datadog key" Url 28..=60: "ddapp_" "dda_";
    "posthog-key" "PostHog personal key" Alnum 40..=60: "phx_";
    "shopify-token" "Shopify token" Hex 32..=32: "shpat_" "shpca_" "shppa_" "shpss_" "shptka_";
    "square-token" "Square token" Url 22..=60: "sq0atp-" "sq0csp-" "EAAA";
    "facebook-token" "Facebook access token" Alnum 60..=500: "EAAC" "EAAM" "EAAB" "EAAD" "EAAG";
    "paypal-token" "PayPal Braintree token" Dotted 40..=80: "access_token$production$";
    "plaid-token" "Plaid access token" Url 36..=36: "access-sandbox-" "access-development-" "access-production-";
    "adobe-secret" "Adobe client secret" Alnum 32..=32: "p8e-";
    "alibaba-key" "Alibaba Cloud access key" Alnum 12..=24: "LTAI";
    "tencent-key" "Tencent Cloud secret id" Alnum 32..=32: "AKID";
    "yandex-key" "Yandex Cloud API key" Url 35..=38: "AQVN";
    "airtable-token" "Airtable token" Dotted 79..=79: "pat";
    "notion-token" "Notion token" Alnum 40..=50: "ntn_" "secret_";
    "linear-key" "Linear API key" Alnum 32..=48: "lin_api_" "lin_oauth_";
    "figma-token" "Figma token" Url 40..=50: "figd_" "figo_";
    "postman-key" "Postman API key" Url 50..=64: "PMAK-";
    "typeform-token" "Typeform token" Dotted 40..=60: "tfp_";
    "readme-token" "ReadMe token" Alnum 70..=70: "rdme_";
    "shippo-token" "Shippo token" Hex 40..=40: "shippo_live_" "shippo_test_";
    "easypost-key" "EasyPost key" Alnum 54..=54: "EZAK" "EZTK";
    "duffel-token" "Duffel token" Wide 43..=43: "duffel_test_" "duffel_live_";
    "frameio-token" "Frame.io token" Wide 64..=64: "fio-u-";
    "flutterwave-key" "Flutterwave key" Url 12..=40: "FLWSECK_TEST-" "FLWSECK-";
    "contentful-token" "Contentful token" Url 40..=50: "CFPAT-";
    "sourcegraph-token" "Sourcegraph token" Url 40..=60: "sgp_";
    "sonar-token" "Sonar token" Wide 40..=40: "squ_" "sqp_" "sqa_";
    "mapbox-token" "Mapbox secret token" Dotted 60..=120: "sk.eyJ";
    "buildkite-token" "Buildkite token" Hex 40..=40: "bkua_";
    "circleci-token" "CircleCI token" Url 60..=80: "CCIPAT_" "CCIPRJ_";
    "octopus-key" "Octopus Deploy key" Upper 26..=32: "API-";
    "openshift-token" "OpenShift token" Url 43..=43: "sha256~";
    "clickhouse-key" "ClickHouse Cloud key" Alnum 38..=38: "4b1d";
    "harness-key" "Harness key" Dotted 68..=68: "pat." "sat.";
    "dropbox-token" "Dropbox token" Dotted 100..=1500: "sl.";
    "elastic-key" "Elastic Cloud key" Base64 40..=80: "essu_";
    "discord-secret" "Discord bot secret" Dotted 60..=90: "mfa.";
    "twitter-bearer" "Twitter bearer token" Percent 60..=120: "AAAAAAAAAAAAAAAAAAAAA";
    "lob-key" "Lob key" Hex 35..=35: "live_" "test_";
    "zapier-hook" "Zapier webhook" Base64 12..=60: "hooks.zapier.com/hooks/catch/";
    "slack-webhook" "Slack webhook" Base64 40..=60: "hooks.slack.com/services/" "hooks.slack.com/workflows/" "hooks.slack.com/triggers/";
    "age-key" "age secret key" Upper 58..=58: "AGE-SECRET-KEY-1";
    "gitlab-session" "GitLab session" Alnum 32..=32: "_gitlab_session=";
    "infracost-key" "Infracost API key" Alnum 32..=32: "ico-";
    "intra42-secret" "Intra42 client secret" Hex 64..=68: "s-s4t2ud-" "s-s4t2af-";
    "scalingo-token" "Scalingo token" Url 48..=48: "tk-us-";
    "yandex-token" "Yandex IAM token" Dotted 90..=300: "t1.";
    "settlemint-token" "SettleMint token" Alnum 16..=16: "sm_aat_" "sm_pat_" "sm_sat_";
};

impl Format {
    /// Whether the prefix is so short that it stands inside of other words.
    fn is_short(&self) -> bool {
        self.prefix.len() <= 4
    }

    /// End of the credential of this form that begins at `at`.
    pub(super) fn end(&self, text: &[u8], at: usize) -> Option<usize> {
        let start = at + self.prefix.len();
        if text.get(at..start)? != self.prefix.as_bytes() {
            return None;
        }
        let before = at.checked_sub(1).and_then(|at| text.get(at)).copied();
        let inside = before.is_some_and(|byte| {
            byte.is_ascii_alphanumeric() || self.is_short() && b"_-+/.".contains(&byte)
        });
        if inside {
            return None;
        }
        let rest = text.get(start..)?;
        let mut length = self.alphabet.run(rest, self.most);
        // What ends a sentence is no part of it.
        while self.alphabet == Alphabet::Dotted
            && rest
                .get(length.wrapping_sub(1))
                .is_some_and(|last| b".~-".contains(last))
        {
            length -= 1;
        }
        if !(self.least..=self.most).contains(&length) {
            return None;
        }
        if rest.get(length).is_some_and(u8::is_ascii_alphanumeric) {
            return None;
        }
        let body = rest.get(..length)?;
        if likely::is_made_up(body) || !self.is_telling(body) {
            return None;
        }
        Some(start + length)
    }

    /// What else a form asks for, so that words with hyphens are none of it.
    fn is_telling(&self, body: &[u8]) -> bool {
        let upper = body.iter().any(u8::is_ascii_uppercase);
        let lower = body.iter().any(u8::is_ascii_lowercase);
        let digits = body.iter().filter(|byte| byte.is_ascii_digit()).count();
        let dots = body.iter().filter(|byte| **byte == b'.').count();
        match self.prefix {
            // Words of a class in a style sheet have no digits, no capitals, or vowels.
            "sk-" => {
                digits >= 2
                    && !likely::is_wordy(body)
                    && (upper || body.iter().all(u8::is_ascii_alphanumeric))
            }
            "pat" => body.get(14) == Some(&b'.'),
            "pat." | "sat." => dots == 2,
            "SG." => dots == 1,
            "sl." | "st." => digits >= 4 && upper && dots <= 3,
            "mfa." => dots == 0 && digits >= 3,
            "A3-" => digits >= 2 && !body.iter().any(u8::is_ascii_lowercase),
            "secret_" | "nuget" | "oy2" | "cio" => digits >= 2 && !likely::is_wordy(body),
            "pa-" | "al-" | "re_" | "as-" | "fw_" | "dda_" => {
                digits >= 2 && upper && !likely::is_wordy(body)
            }
            "AKIA" | "ASIA" | "ABIA" | "ACCA" => true,
            // Tokens of letters alone were given out.
            "hf_" | "api_org_" | "sk_live_" | "rk_live_" => {
                upper && lower || !likely::is_wordy(body)
            }
            "EAAA" | "EAAC" | "EAAM" | "EAAB" | "EAAD" | "EAAG" | "1//0" | "AKCp" | "LTAI"
            | "AKID" | "cmVmd" => digits >= 2 || upper && lower && !likely::is_wordy(body),
            "xoxb-" | "xoxp-" | "xoxa-" | "xoxr-" | "xoxs-" | "xoxo-" | "xoxe-" | "xapp-" => {
                digits >= 2
            }
            "API-" => digits >= 2,
            _ if self.is_short() => digits >= 1,
            _ => !likely::is_wordy(body) || digits >= 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_those_of_one_form() {
        let mut prefixes: Vec<_> = FORMATS.iter().map(|format| format.prefix).collect();
        prefixes.sort_unstable();
        let all = prefixes.len();
        prefixes.dedup();
        assert_eq!(prefixes.len(), all);
    }
}
