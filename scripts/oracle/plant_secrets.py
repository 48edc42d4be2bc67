#!/usr/bin/env python3
"""Makes a corpus of notebooks with planted credentials, and the same notebooks without.

    plant_secrets.py OUTPUT_DIR [--seed N] [--rounds N] [--notebooks DIR]

Values follow the forms that providers publish and that the rules of gitleaks (MIT) describe, not our
own rules. All are random and made at run time, so that this file holds no credential. Writes
OUTPUT_DIR/planted/*.ipynb, OUTPUT_DIR/clean/*.ipynb, and OUTPUT_DIR/truth.json: for each credential its
family, form, file, place and fingerprint, and the text itself (made up, in a folder of the test).

DIR holds public notebooks: credentials are planted into copies of them, too, and the originals count
as clean. The same seed and notebooks give the same corpus.
"""

import argparse
import base64
import copy
import hashlib
import json
import pathlib
import random
import string

LOWER = string.ascii_lowercase
UPPER = string.ascii_uppercase
DIGITS = string.digits
ALNUM = LOWER + UPPER + DIGITS
HEX = DIGITS + "abcdef"
URL = ALNUM + "-_"
B64 = ALNUM + "+/"


class Values:
    """Random values in the forms of providers."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def of(self, alphabet, least, most=None):
        count = least if most is None else self.random.randint(least, most)
        return "".join(self.random.choice(alphabet) for _ in range(count))

    def uuid(self):
        h = self.of(HEX, 32)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"

    def b64(self, count):
        return base64.b64encode(self.random.randbytes(count)).decode()

    def b64url(self, count):
        return base64.urlsafe_b64encode(self.random.randbytes(count)).decode().rstrip("=")

    def pem(self, label, count=1190):
        text = self.b64(count)
        lines = [text[at : at + 64] for at in range(0, len(text), 64)]
        return f"-----BEGIN {label}-----\n" + "\n".join(lines) + f"\n-----END {label}-----"

    def jwt(self):
        part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
        body = {"sub": self.of(DIGITS, 10), "name": "a b", "iat": 1700000000 + self.random.randint(0, 10**7)}
        return f'{part({"alg": "HS256", "typ": "JWT"})}.{part(body)}.{self.b64url(32)}'

    def password(self):
        """As a password manager or a person makes them."""
        word = self.random.choice(["Sommer", "giraffe", "Tr0mbone", "maple", "Quartz", "blue-sky", "Kaffee", "otter"])
        return self.random.choice(
            [
                self.of(ALNUM, 12, 20),
                self.of(ALNUM + "!#%+-_.", 14, 22) + self.of(DIGITS, 1),
                f"{word}{self.of(DIGITS, 2, 4)}{self.random.choice('!?+#')}",
                f"{word}-{self.of(LOWER, 5)}-{self.of(DIGITS, 3)}",
            ]
        )


# family: (maker of a value, names that stand beside it, whether the value tells its provider by itself)
def families(v):
    t, n = True, False
    of = v.of
    return {
        "aws-access-key-id": (lambda: "AKIA" + of(UPPER + "234567", 16), ["AWS_ACCESS_KEY_ID"], t),
        "aws-temporary-key-id": (lambda: "ASIA" + of(UPPER + "234567", 16), ["aws_access_key_id"], t),
        "aws-secret": (lambda: of(B64, 40), ["AWS_SECRET_ACCESS_KEY", "aws_secret_access_key", "secret_key"], n),
        "gcp-api-key": (lambda: "AIza" + of(URL, 35), ["GOOGLE_API_KEY", "gmaps_key"], t),
        "google-oauth-secret": (lambda: "GOCSPX-" + of(URL, 28), ["client_secret"], t),
        "google-access-token": (lambda: "ya29." + of(URL, 160), ["access_token"], t),
        "firebase-fcm": (lambda: "AAAA" + of(URL, 7) + ":APA91b" + of(URL, 134), ["server_key"], t),
        "azure-storage": (lambda: f"DefaultEndpointsProtocol=https;AccountName=data{of(LOWER,4)};AccountKey={v.b64(64)};EndpointSuffix=core.windows.net", ["conn_str"], t),
        "azure-ad-secret": (lambda: of(ALNUM + "_~.", 3) + of(DIGITS, 1) + "Q~" + of(ALNUM + "_~", 33) + "k", ["AZURE_CLIENT_SECRET"], t),
        "azure-openai": (lambda: of(HEX, 32), ["AZURE_OPENAI_API_KEY", "azure_api_key"], n),
        "azure-sas": (lambda: f"https://{of(LOWER,8)}.blob.core.windows.net/data?sv=2022-11-02&ss=b&srt=co&sp=rl&se=2026-01-01T00:00:00Z&sig={v.b64(32).replace('+','%2B').replace('/','%2F').replace('=','%3D')}", ["sas_url"], t),
        "github-classic": (lambda: "ghp_" + of(ALNUM, 36), ["GITHUB_TOKEN", "gh_pat"], t),
        "github-oauth": (lambda: "gho_" + of(ALNUM, 36), ["token"], t),
        "github-app": (lambda: "ghs_" + of(ALNUM, 36), ["GH_TOKEN"], t),
        "github-fine-grained": (lambda: "github_pat_" + of(ALNUM, 22) + "_" + of(ALNUM, 59), ["GITHUB_PAT"], t),
        "gitlab-pat": (lambda: "glpat-" + of(URL, 20), ["GITLAB_TOKEN"], t),
        "gitlab-deploy": (lambda: "gldt-" + of(URL, 20), ["DEPLOY_TOKEN"], t),
        "gitlab-runner": (lambda: "glrt-" + of(URL, 20), ["RUNNER_TOKEN"], t),
        "openai-classic": (lambda: "sk-" + of(ALNUM, 20) + "T3BlbkFJ" + of(ALNUM, 20), ["OPENAI_API_KEY", "openai.api_key"], t),
        "openai-project": (lambda: "sk-proj-" + of(URL, 74) + "T3BlbkFJ" + of(URL, 74), ["OPENAI_API_KEY"], t),
        "openai-service": (lambda: "sk-svcacct-" + of(URL, 58) + "T3BlbkFJ" + of(URL, 58), ["api_key"], t),
        "anthropic": (lambda: "sk-ant-api03-" + of(URL, 93) + "AA", ["ANTHROPIC_API_KEY"], t),
        "huggingface": (lambda: "hf_" + of(LOWER + UPPER, 34), ["HF_TOKEN", "use_auth_token"], t),
        "huggingface-org": (lambda: "api_org_" + of(LOWER + UPPER, 34), ["HF_TOKEN"], t),
        "wandb": (lambda: of(HEX, 40), ["WANDB_API_KEY", "wandb_key"], n),
        "neptune": (lambda: base64.b64encode(json.dumps({"api_address": "https://app.neptune.ai", "api_url": "https://app.neptune.ai", "api_key": v.uuid()}).encode()).decode(), ["NEPTUNE_API_TOKEN"], t),
        "comet": (lambda: of(ALNUM, 25), ["COMET_API_KEY"], n),
        "databricks": (lambda: "dapi" + of(HEX, 32), ["DATABRICKS_TOKEN"], t),
        "mlflow-password": (v.password, ["MLFLOW_TRACKING_PASSWORD"], n),
        "cohere": (lambda: of(ALNUM, 40), ["COHERE_API_KEY", "CO_API_KEY"], n),
        "replicate": (lambda: "r8_" + of(ALNUM, 37), ["REPLICATE_API_TOKEN"], t),
        "groq": (lambda: "gsk_" + of(ALNUM, 52), ["GROQ_API_KEY"], t),
        "perplexity": (lambda: "pplx-" + of(ALNUM, 48), ["PERPLEXITY_API_KEY"], t),
        "pinecone-new": (lambda: "pcsk_" + of(ALNUM, 6) + "_" + of(ALNUM, 63), ["PINECONE_API_KEY"], t),
        "pinecone-old": (v.uuid, ["PINECONE_API_KEY"], n),
        "langsmith": (lambda: f"lsv2_pt_{of(HEX,32)}_{of(HEX,10)}", ["LANGCHAIN_API_KEY"], t),
        "nvidia": (lambda: "nvapi-" + of(URL, 64), ["NVIDIA_API_KEY"], t),
        "mistral": (lambda: of(ALNUM, 32), ["MISTRAL_API_KEY"], n),
        "together": (lambda: of(HEX, 64), ["TOGETHER_API_KEY"], n),
        "openrouter": (lambda: "sk-or-v1-" + of(HEX, 64), ["OPENROUTER_API_KEY"], t),
        "kaggle": (lambda: of(HEX, 32), ["KAGGLE_KEY"], n),
        "zenodo": (lambda: of(ALNUM, 60), ["ZENODO_TOKEN", "ZENODO_ACCESS_TOKEN", "invenio_token"], n),
        "figshare": (lambda: of(HEX, 128), ["FIGSHARE_TOKEN"], n),
        "slack-bot": (lambda: f"xoxb-{of(DIGITS,12)}-{of(DIGITS,12)}-{of(ALNUM,24)}", ["SLACK_BOT_TOKEN"], t),
        "slack-user": (lambda: f"xoxp-{of(DIGITS,12)}-{of(DIGITS,12)}-{of(DIGITS,12)}-{of(HEX,32)}", ["slack_token"], t),
        "slack-app": (lambda: f"xapp-1-A{of(UPPER+DIGITS,10)}-{of(DIGITS,13)}-{of(HEX,64)}", ["SLACK_APP_TOKEN"], t),
        "slack-webhook": (lambda: f"https://hooks.slack.com/services/T{of(UPPER+DIGITS,10)}/B{of(UPPER+DIGITS,10)}/{of(ALNUM,24)}", ["SLACK_WEBHOOK_URL"], t),
        "stripe-live": (lambda: "sk_live_" + of(ALNUM, 24), ["STRIPE_SECRET_KEY", "stripe.api_key"], t),
        "stripe-restricted": (lambda: "rk_live_" + of(ALNUM, 99), ["STRIPE_KEY"], t),
        "twilio-key": (lambda: "SK" + of(HEX, 32), ["TWILIO_API_KEY"], t),
        "twilio-auth": (lambda: of(HEX, 32), ["TWILIO_AUTH_TOKEN"], n),
        "sendgrid": (lambda: "SG." + of(URL, 22) + "." + of(URL, 43), ["SENDGRID_API_KEY"], t),
        "mailgun": (lambda: "key-" + of(HEX, 32), ["MAILGUN_API_KEY"], t),
        "mailgun-signing": (lambda: f"{of(HEX,32)}-{of(HEX,8)}-{of(HEX,8)}", ["MAILGUN_SIGNING_KEY"], n),
        "mailchimp": (lambda: of(HEX, 32) + "-us" + of("123456789", 1) + of(DIGITS, 1), ["MAILCHIMP_API_KEY"], t),
        "npm": (lambda: "npm_" + of(ALNUM, 36), ["NPM_TOKEN"], t),
        "pypi": (lambda: "pypi-AgEIcHlwaS5vcmc" + of(URL, 150), ["TWINE_PASSWORD"], t),
        "rubygems": (lambda: "rubygems_" + of(HEX, 48), ["GEM_HOST_API_KEY"], t),
        "docker-pat": (lambda: "dckr_pat_" + of(URL, 27), ["DOCKER_PASSWORD"], t),
        "artifactory": (lambda: "AKCp" + of(ALNUM, 69), ["ARTIFACTORY_API_KEY"], t),
        "digitalocean": (lambda: "dop_v1_" + of(HEX, 64), ["DIGITALOCEAN_TOKEN"], t),
        "heroku": (v.uuid, ["HEROKU_API_KEY"], n),
        "heroku-new": (lambda: "HRKU-AA" + of(URL, 58), ["HEROKU_API_KEY"], t),
        "netlify": (lambda: of(URL, 43), ["NETLIFY_AUTH_TOKEN"], n),
        "cloudflare": (lambda: of(URL, 40), ["CLOUDFLARE_API_TOKEN"], n),
        "cloudflare-global": (lambda: of(HEX, 37), ["CLOUDFLARE_API_KEY"], n),
        "supabase": (lambda: "sbp_" + of(HEX, 40), ["SUPABASE_ACCESS_TOKEN"], t),
        "vault": (lambda: "hvs." + of(URL, 95), ["VAULT_TOKEN"], t),
        "vault-batch": (lambda: "hvb." + of(URL, 160), ["VAULT_TOKEN"], t),
        "terraform": (lambda: of(ALNUM, 14) + ".atlasv1." + of(URL, 66), ["TFE_TOKEN"], t),
        "pulumi": (lambda: "pul-" + of(HEX, 40), ["PULUMI_ACCESS_TOKEN"], t),
        "datadog": (lambda: of(HEX, 32), ["DD_API_KEY", "DATADOG_API_KEY"], n),
        "datadog-app": (lambda: of(HEX, 40), ["DD_APP_KEY", "DATADOG_APP_KEY"], n),
        "newrelic": (lambda: "NRAK-" + of(UPPER + DIGITS, 27), ["NEW_RELIC_API_KEY"], t),
        "sentry-dsn": (lambda: f"https://{of(HEX,32)}@o{of(DIGITS,6)}.ingest.sentry.io/{of(DIGITS,7)}", ["SENTRY_DSN"], t),
        "sentry-user": (lambda: "sntryu_" + of(HEX, 64), ["SENTRY_AUTH_TOKEN"], t),
        "grafana": (lambda: "glsa_" + of(ALNUM, 32) + "_" + of(HEX, 8), ["GRAFANA_TOKEN"], t),
        "dynatrace": (lambda: f"dt0c01.{of(UPPER+DIGITS,24)}.{of(UPPER+DIGITS,64)}", ["DT_API_TOKEN"], t),
        "snowflake-password": (v.password, ["SNOWFLAKE_PASSWORD"], n),
        "shopify": (lambda: "shpat_" + of(HEX, 32), ["SHOPIFY_ACCESS_TOKEN"], t),
        "square": (lambda: "sq0atp-" + of(URL, 22), ["SQUARE_TOKEN"], t),
        "facebook-page": (lambda: "EAAC" + of(ALNUM, 150), ["FB_ACCESS_TOKEN"], t),
        "facebook-secret": (lambda: of(HEX, 32), ["FACEBOOK_APP_SECRET"], n),
        "twitter-secret": (lambda: of(ALNUM, 45), ["TWITTER_ACCESS_TOKEN_SECRET"], n),
        "twitter-bearer": (lambda: "A" * 22 + of(ALNUM + "%", 85) + "Z", ["TWITTER_BEARER_TOKEN"], t),
        "discord-bot": (lambda: f"M{of(ALNUM,23)}.{of(URL,6)}.{of(URL,38)}", ["DISCORD_TOKEN"], n),
        "discord-webhook": (lambda: f"https://discord.com/api/webhooks/{of('123456789',1)}{of(DIGITS,17)}/{of(URL,68)}", ["WEBHOOK"], t),
        "telegram": (lambda: f"{of('123456789',1)}{of(DIGITS,8)}:AA{of(URL,33)}", ["TELEGRAM_BOT_TOKEN"], t),
        "teams-webhook": (lambda: f"https://acme.webhook.office.com/webhookb2/{v.uuid()}@{v.uuid()}/IncomingWebhook/{of(HEX,32)}/{v.uuid()}", ["TEAMS_WEBHOOK"], t),
        "alibaba": (lambda: "LTAI" + of(ALNUM, 20), ["ALIBABA_ACCESS_KEY_ID"], t),
        "airtable": (lambda: f"pat{of(ALNUM,14)}.{of(HEX,64)}", ["AIRTABLE_TOKEN"], t),
        "notion": (lambda: "ntn_" + of(DIGITS, 11) + of(ALNUM, 35), ["NOTION_TOKEN"], t),
        "linear": (lambda: "lin_api_" + of(ALNUM, 40), ["LINEAR_API_KEY"], t),
        "postman": (lambda: f"PMAK-{of(HEX,24)}-{of(HEX,34)}", ["POSTMAN_API_KEY"], t),
        "atlassian": (lambda: "ATATT3" + of(URL + "=", 185) + "A", ["JIRA_TOKEN"], t),
        "bitbucket-secret": (lambda: of(URL, 64), ["BITBUCKET_CLIENT_SECRET"], n),
        "okta": (lambda: "00" + of(URL, 40), ["OKTA_API_TOKEN"], n),
        "prefect": (lambda: "pnu_" + of(ALNUM, 36), ["PREFECT_API_KEY"], t),
        "snyk": (v.uuid, ["SNYK_TOKEN"], n),
        "algolia": (lambda: of(HEX, 32), ["ALGOLIA_API_KEY"], n),
        "newsapi": (lambda: of(HEX, 32), ["NEWS_API_KEY"], n),
        "openweather": (lambda: of(HEX, 32), ["OPENWEATHER_API_KEY", "appid_key"], n),
        "age": (lambda: "AGE-SECRET-KEY-1" + of("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58), ["age_key"], t),
        "onepassword": (lambda: "ops_eyJ" + of(B64, 260), ["OP_SERVICE_ACCOUNT_TOKEN"], t),
        "jwt": (v.jwt, ["id_token", "SUPABASE_KEY"], t),
        "rsa-key": (lambda: v.pem("RSA PRIVATE KEY"), ["private_key"], t),
        "pkcs8-key": (lambda: v.pem("PRIVATE KEY"), ["PRIVATE_KEY"], t),
        "encrypted-key": (lambda: v.pem("ENCRYPTED PRIVATE KEY"), ["key_pem"], t),
        "ec-key": (lambda: v.pem("EC PRIVATE KEY", 121), ["signing_key"], t),
        "openssh-key": (lambda: v.pem("OPENSSH PRIVATE KEY", 300), ["ssh_key"], t),
        "pgp-key": (lambda: v.pem("PGP PRIVATE KEY BLOCK", 900), ["pgp"], t),
        "postgres-url": (lambda: f"postgresql://app:{of(ALNUM,16)}@db.internal:5432/train", ["DATABASE_URL"], t),
        "mysql-url": (lambda: f"mysql+pymysql://root:{of(ALNUM+'_-',14)}@10.0.0.5/ml", ["engine_url"], t),
        "mongodb-url": (lambda: f"mongodb+srv://ana:{of(ALNUM,15)}@cluster0.ab1cd.mongodb.net/test", ["MONGO_URI"], t),
        "redis-url": (lambda: f"redis://:{of(ALNUM,24)}@cache:6379/0", ["REDIS_URL"], t),
        "amqp-url": (lambda: f"amqps://celery:{of(ALNUM,18)}@mq.internal/vhost", ["BROKER_URL"], t),
        "https-basic-url": (lambda: f"https://ana:{of(ALNUM,14)}@artifacts.internal/simple", ["index_url"], t),
        "password": (v.password, ["password", "DB_PASSWORD", "passwd", "smtp_password"], n),
        "generic-token": (lambda: of(ALNUM, 24, 48), ["auth_token", "ACCESS_TOKEN", "refresh_token", "session_token"], n),
        "generic-secret": (lambda: of(ALNUM + "-_", 24, 64), ["client_secret", "SECRET_KEY", "app_secret", "jwt_secret"], n),
        "generic-hex-key": (lambda: of(HEX, 32, 64), ["api_key", "apiKey", "SERVICE_API_KEY", "encryption_key"], n),
    }


# What holds the secret part of a value, where the value is more than that.
def secret_of(family, value):
    if family.endswith("-url"):
        return value.split("://", 1)[1].rsplit("@", 1)[0].split(":", 1)[1]
    if family == "sentry-dsn":
        return value.split("://", 1)[1].split("@", 1)[0]
    # Of an address the part that nobody could guess, and not what every such address has.
    if family == "slack-webhook":
        return value.removeprefix("https://")
    if family == "discord-webhook":
        return value.rsplit("/", 1)[1]
    if family == "teams-webhook":
        return value.rsplit("/", 2)[1]
    if family == "azure-sas":
        return value.rsplit("=", 1)[1]
    if family == "azure-storage":
        return value.split("AccountKey=", 1)[1].split(";", 1)[0]
    return value


def code(text):
    return {"cell_type": "code", "execution_count": 1, "id": "", "metadata": {}, "outputs": [], "source": lines(text)}


def markdown(text):
    return {"cell_type": "markdown", "id": "", "metadata": {}, "source": lines(text)}


def lines(text):
    return text.splitlines(keepends=True)


def printed(text, source="show()"):
    cell = code(source)
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": lines(text)}]
    return cell


def shown(data, source="table"):
    cell = code(source)
    bundle = {kind: lines(value) if isinstance(value, str) else value for kind, value in data.items()}
    cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": bundle}]
    return cell


def failed(text):
    cell = code("client.connect()")
    red = f"\x1b[0;31mConnectionError\x1b[0m: cannot log in with {text}"
    cell["outputs"] = [{"output_type": "error", "ename": "ConnectionError", "evalue": text,
                        "traceback": ["\x1b[0;31m---------\x1b[0m", "File \x1b[0;32m~/x.py:3\x1b[0m", red]}]
    return cell


def with_metadata(value, name):
    cell = code("x = 1")
    cell["metadata"] = {"papermill": {"parameters": {name: value}}}
    return cell


def flag(name):
    return name.lower().replace("_", "-").replace(".", "-")


def plain(name):
    return name.replace(".", "_")


# Forms for any value with a name; values of several lines only go into quoted forms.
FORMS = {
    "assignment": lambda n, s: code(f'import os\n{n} = "{s}"\nrun()'),
    "single-quotes": lambda n, s: code(f"{n} = '{s}'"),
    "annotated": lambda n, s: code(f'{plain(n)}: str = "{s}"'),
    "environ": lambda n, s: code(f'os.environ["{plain(n).upper()}"] = "{s}"'),
    "setdefault": lambda n, s: code(f"os.environ.setdefault('{plain(n).upper()}', '{s}')"),
    "getenv-default": lambda n, s: code(f'x = os.getenv("{plain(n).upper()}", "{s}")'),
    "keyword-argument": lambda n, s: code(f'client = Client(url, {plain(n).lower()}="{s}", timeout=3)'),
    "dict": lambda n, s: code(f'config = {{"lr": 0.1, "{plain(n)}": "{s}"}}'),
    "dict-call": lambda n, s: code(f"cfg = dict(lr=0.1, {plain(n).lower()}='{s}')"),
    "env-magic": lambda n, s: code(f"%env {plain(n).upper()}={s}"),
    "export": lambda n, s: code(f"!export {plain(n).upper()}={s} && python train.py"),
    "export-quoted": lambda n, s: code(f'%%bash\nexport {plain(n).upper()}="{s}"\n'),
    "inline-env": lambda n, s: code(f"!{plain(n).upper()}={s} python train.py"),
    "flag": lambda n, s: code(f"!python train.py --{flag(n)} {s} --epochs 3"),
    "flag-equals": lambda n, s: code(f"!python train.py --{flag(n)}={s}"),
    "yaml": lambda n, s: code(f"%%writefile config.yaml\nmodel: bert\n{plain(n).lower()}: {s}\n"),
    "yaml-quoted": lambda n, s: code(f'%%writefile config.yaml\nauth:\n  {plain(n).lower()}: "{s}"\n'),
    "dotenv": lambda n, s: code(f"%%writefile .env\nDEBUG=1\n{plain(n).upper()}={s}\n"),
    "toml": lambda n, s: code(f'%%writefile s.toml\n[auth]\n{plain(n).lower()} = "{s}"\n'),
    "comment": lambda n, s: code(f"# {plain(n).lower()}: {s}\nx = 1"),
    "r-setenv": lambda n, s: code(f'Sys.setenv({plain(n).upper()} = "{s}")'),
    "r-arrow": lambda n, s: code(f'{plain(n).lower()} <- "{s}"'),
    "julia": lambda n, s: code(f'ENV["{plain(n).upper()}"] = "{s}"'),
    "csharp": lambda n, s: code(f'var {plain(n).lower()} = "{s}";'),
    "javascript": lambda n, s: code(f"%%javascript\nconst {plain(n)} = '{s}';"),
    "parenthesised": lambda n, s: code(f'{plain(n)} = (\n    "{s}"\n)'),
    "printed-pair": lambda n, s: printed(f"epoch 1 loss 0.5\n{plain(n)}: {s}\nepoch 2 loss 0.4\n"),
    "printed-equals": lambda n, s: printed(f"{plain(n)}={s}\n"),
    "printed-dict": lambda n, s: printed(f"{{'lr': 0.1, '{plain(n)}': '{s}'}}\n"),
    "printed-json": lambda n, s: printed(json.dumps({"lr": 0.1, plain(n): s}, indent=2) + "\n"),
    "printed-json-twice": lambda n, s: printed(json.dumps({"payload": json.dumps({plain(n): s})}) + "\n"),
    "printed-coloured": lambda n, s: printed(f"\x1b[1m{plain(n)}\x1b[0m: \x1b[32m{s}\x1b[0m\n"),
    "printed-namespace": lambda n, s: printed(f"Namespace(lr=0.1, {plain(n).lower()}='{s}', seed=3)\n"),
    "result-html": lambda n, s: shown({"text/html": f"<table><tr><td>{plain(n)}={s}</td></tr></table>", "text/plain": "table"}),
    "json-output": lambda n, s: shown({"application/json": {"a": {plain(n): s}}, "text/plain": "{}"}),
    "markdown-code": lambda n, s: markdown(f"Use this:\n\n```\n{plain(n)}={s}\n```\n"),
    "markdown-pair": lambda n, s: markdown(f"* {plain(n)}: `{s}`\n"),
    "metadata": lambda n, s: with_metadata(s, plain(n).lower()),
}
# Forms for values that tell what they are.
TELLING = {
    "positional": lambda n, s: code(f'client.login("{s}")'),
    "bare-comment": lambda n, s: code(f"# {s}\nx = 1"),
    "printed": lambda n, s: printed(f"Using {s} for this run\n"),
    "printed-coloured-bare": lambda n, s: printed(f"\x1b[33m{s}\x1b[0m\n"),
    "traceback": lambda n, s: failed(s),
    "markdown": lambda n, s: markdown(f"My key is {s}.\n"),
    "html": lambda n, s: shown({"text/html": f"<pre>{s}</pre>"}),
    "list": lambda n, s: code(f"keys = ['{s}',\n        None]"),
}
# Forms of headers and commands.
HEADERS = {
    "bearer": lambda n, s: code(f'requests.get(url, headers={{"Authorization": "Bearer {s}"}})'),
    "curl-bearer": lambda n, s: code(f"!curl -H 'Authorization: Bearer {s}' https://api.internal/v1"),
    "x-api-key": lambda n, s: code(f'headers = {{"X-API-Key": "{s}"}}'),
    "query": lambda n, s: code(f'url = "https://api.internal/v1?q=a&api_key={s}&n=3"'),
    "access-token-query": lambda n, s: code(f"!wget 'https://zenodo.org/api/files/x?access_token={s}'"),
}


def json_text(text):
    return json.dumps(text)[1:-1]


def special(v):
    """Forms of one family each: (family, form, secret, cell)."""
    of, secret = v.of, v.password
    key = of(HEX, 40)
    yield "wandb", "wandb-login", key, code(f"!wandb login {key}")
    key = of(HEX, 40)
    yield "wandb", "wandb-relogin", key, code(f"!wandb login --relogin {key}")
    key = of(HEX, 40)
    yield "wandb", "wandb-call", key, code(f'import wandb\nwandb.login(key="{key}")')
    key = of(HEX, 40)
    yield "wandb", "wandb-prompt", key, printed(f"wandb: Paste an API key from your profile and hit enter, or press ctrl+c to quit: {key}\n")
    key = of(HEX, 32)
    yield "kaggle", "kaggle-json", key, code(f'!echo \'{{"username":"ana","key":"{key}"}}\' > ~/.kaggle/kaggle.json')
    key = of(HEX, 32)
    yield "kaggle", "kaggle-dict", key, code(f'token = {{"username": "ana", "key": "{key}"}}')
    password = of(ALNUM, 14)
    yield "docker", "docker-login", password, code(f"!docker login -u ana -p {password}")
    password = of(ALNUM, 14)
    auth = base64.b64encode(f"ana:{password}".encode()).decode()
    yield "docker", "docker-config", auth, code(f'cfg = \'{{"auths": {{"https://index.docker.io/v1/": {{"auth": "{auth}"}}}}}}\'')
    password = of(ALNUM, 14)
    auth = base64.b64encode(f"ana:{password}".encode()).decode()
    yield "http-basic", "basic-header", auth, code(f'headers = {{"Authorization": "Basic {auth}"}}')
    password = of(ALNUM, 14)
    yield "http-basic", "curl-user", password, code(f"!curl -u ana:{password} https://x.internal/data.csv")
    password = of(ALNUM, 14)
    yield "http-basic", "requests-auth", password, code(f'requests.get(url, auth=("ana", "{password}"))')
    password = of(ALNUM, 14)
    yield "http-basic", "smtp-login", password, code(f'server.login("ana@lab.internal", "{password}")')
    password = of(ALNUM, 14)
    yield "mysql", "mysql-flag", password, code(f"!mysql -u root -p{password} ml")
    password = of(ALNUM, 14)
    yield "ssh", "sshpass", password, code(f"!sshpass -p '{password}' ssh ana@node1")
    password = of(ALNUM, 14)
    yield "netrc", "netrc", password, code(f"%%writefile ~/.netrc\nmachine api.internal login ana password {password}\n")
    password = of(ALNUM, 16)
    yield "odbc", "odbc", password, code(f'conn = "Driver={{ODBC}};Server=tcp:db,1433;Uid=ana;Pwd={password};Encrypt=yes;"')
    password = of(ALNUM, 16)
    yield "postgres", "libpq", password, code(f"conn = psycopg2.connect(\"host=db user=ana password={password} dbname=ml\")")
    key, pair = "AKIA" + of(UPPER + "234567", 16), of(B64, 40)
    yield "aws-secret", "aws-pair", pair, code(f'boto3.client("s3", "us-east-1", True, True, None, None, "{key}", "{pair}")')
    secret = of(B64, 40)
    yield "aws-secret", "aws-configure", secret, code(f"!aws configure set aws_secret_access_key {secret}")
    secret = of(B64, 40)
    yield "aws-secret", "aws-credentials", secret, code(f"%%writefile ~/.aws/credentials\n[default]\naws_secret_access_key = {secret}\n")
    token = "hf_" + of(LOWER + UPPER, 34)
    yield "huggingface", "git-remote", token, code(f"!git clone https://ana:{token}@huggingface.co/ana/model")
    token = "ghp_" + of(ALNUM, 36)
    yield "github-classic", "git-remote-token", token, code(f"!git clone https://{token}@github.com/ana/repo.git")
    token = of(HEX, 48)
    yield "jupyter", "jupyter-url", token, printed(f"    http://127.0.0.1:8888/lab?token={token}\n")
    pem = v.pem("PRIVATE KEY")
    service = json.dumps({"type": "service_account", "private_key_id": of(HEX, 40), "private_key": pem + "\n", "client_email": "x@p.iam.gserviceaccount.com"}, indent=2)
    yield "gcp-service-account", "service-account", pem, code(f"%%writefile key.json\n{service}\n")
    pem = v.pem("PRIVATE KEY")
    yield "gcp-service-account", "service-account-string", pem, code("info = json.loads('" + json.dumps({"private_key": pem}).replace("\\", "\\\\") + "')")
    pem = v.pem("RSA PRIVATE KEY")
    yield "rsa-key", "heredoc", pem, code(f"%%bash\ncat > ~/.ssh/id_rsa <<EOF\n{pem}\nEOF\n")
    pem = v.pem("RSA PRIVATE KEY")
    yield "rsa-key", "printed-key", pem, printed(pem + "\n")
    token = f"M{of(ALNUM,23)}.{of(URL,6)}.{of(URL,38)}"
    yield "discord-bot", "discord-run", token, code(f'client = discord.Client()\nclient.run("{token}")')


def fingerprint(secret):
    text = secret.encode()
    if text.startswith(b"-----BEGIN"):
        text = bytes(byte for byte in text if chr(byte) in B64 + "=")
    return hashlib.sha256(b"entrenar secret 1\0" + text).hexdigest()[:16]


def planted(v):
    """(family, form, secret, cell) of every family in forms chosen at random, and every form at least once."""
    for family, (make, names, telling) in families(v).items():
        pool = dict(FORMS)
        if telling:
            pool |= TELLING
        sample = make()
        if "\n" not in sample and "://" not in sample and ";" not in sample and "password" not in family:
            pool |= HEADERS
        for form in v.random.sample(sorted(pool), 8):
            value, name = make(), v.random.choice(names)
            if "\n" in value:
                # In code and JSON a key has its lines escaped; in text it stands as it is.
                text = value if form in ("markdown", "markdown-code", "printed", "html", "result-html", "metadata", "json-output", "printed-json", "printed-json-twice", "traceback", "comment", "bare-comment") else json_text(value)
                if form in ("comment", "bare-comment", "yaml", "flag", "flag-equals", "env-magic", "export", "inline-env"):
                    continue
                yield family, form, secret_of(family, value), pool[form](name, text)
                continue
            if ";" in value and form in ("export", "inline-env", "env-magic"):
                form = "export-quoted"
            yield family, form, secret_of(family, value), pool[form](name, value)
    yield from special(v)


CLEAN_CODE = [
    "import torch\nfrom transformers import AutoTokenizer\ntokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')",
    "from getpass import getpass\napi_key = getpass('API key: ')\nos.environ['OPENAI_API_KEY'] = api_key",
    "import os\ntoken = os.environ['HF_TOKEN']\nlogin(token=token)",
    "openai.api_key = os.getenv('OPENAI_API_KEY')  # set OPENAI_API_KEY=sk-... first",
    "from google.colab import userdata\nkey = userdata.get('WANDB_API_KEY')",
    "HF_TOKEN = '<your token>'  # hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "client = Client(api_key='YOUR_API_KEY', secret='changeme')",
    "pad_token = tokenizer.pad_token; max_tokens = 4096; eos = '<|endoftext|>'",
    "key = jax.random.PRNGKey(0)\nkey, subkey = jax.random.split(key)",
    "cache_key = hashlib.sha256(b'x').hexdigest()\nkeys = sorted(state_dict.keys())",
    "engine = create_engine('postgresql://user:password@localhost/db')",
    "sns.heatmap(df.corr(), annot=True, cmap='viridis')",
    "password = input('password: ')\nif password == stored_password: pass",
    "!pip install git+https://github.com/huggingface/transformers@0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
    "conn = connect(host='db', user=user, password=db_password_from_vault)",
    "aws_access_key_id = 'AKIAIOSFODNN7EXAMPLE'\naws_secret_access_key = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'",
    "export WANDB_API_KEY=${WANDB_API_KEY}\n--token $TOKEN --password {{ secrets.PASSWORD }}",
]


def clean(v):
    cells = [code(text) for text in CLEAN_CODE]
    digest = lambda count: v.of(HEX, count)
    cells.append(printed("".join(f"epoch {i} loss {v.random.random():.4f} key_acc {v.random.random():.3f}\n" for i in range(30))))
    cells.append(printed(f"commit {digest(40)}\nsha256: {digest(64)}\nmd5 {digest(32)}  data/train.csv\nrun id: {v.uuid()}\n"))
    cells.append(printed(f"Downloading: https://huggingface.co/bert/resolve/{digest(40)}/model.safetensors\ntoken_type_ids: [0, 1]\n"))
    cells.append(printed(f"wandb: Syncing run {v.of(LOWER,6)}-{v.of(LOWER,5)}-3\nwandb: View run at https://wandb.ai/a/b/runs/{v.of(LOWER+DIGITS,8)}\n"))
    cells.append(shown({"image/png": v.b64(6000) + "\n", "text/plain": "<Figure size 640x480 with 1 Axes>"}))
    cells.append(shown({"text/html": f'<img src="data:image/png;base64,{v.b64(3000)}"/>', "text/plain": "img"}))
    cells.append(shown({"application/vnd.jupyter.widget-view+json": {"model_id": digest(32), "version_major": 2, "version_minor": 0}, "text/plain": "HBox()"}))
    cells.append(markdown(f"## Notes\nSee [the paper](https://doi.org/10.1000/{digest(8)}), figure ![x](attachment:{v.uuid()}.png)\n"))
    return cells


def notebook(cells):
    for at, cell in enumerate(cells):
        cell["id"] = f"cell-{at}"
    return {
        "cells": cells,
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def save(path, value):
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--notebooks", type=pathlib.Path)
    args = parser.parse_args()
    for name in ("planted", "clean"):
        (args.output / name).mkdir(parents=True, exist_ok=True)
    v = Values(args.seed)
    hosts = []
    if args.notebooks:
        for path in sorted(args.notebooks.glob("*.ipynb")):
            try:
                document = json.loads(path.read_text(encoding="utf-8"))
            except ValueError:
                continue
            if document.get("nbformat") == 4:
                hosts.append(document)
    for number in range(20):
        save(args.output / "clean" / f"made-{number:02}.ipynb", notebook(clean(v)))
    truth = []
    batch = []
    files = 0

    def flush():
        nonlocal batch, files
        if not batch:
            return
        name = f"planted-{files:04}.ipynb"
        document = copy.deepcopy(v.random.choice(hosts)) if hosts and files % 2 else notebook(clean(v))
        cells = document["cells"]
        for family, form, secret, cell in batch:
            if not (document["nbformat"] == 4 and document.get("nbformat_minor", 0) >= 5):
                cell.pop("id", None)
            else:
                cell["id"] = f"planted-{len(truth)}"
            at = v.random.randint(0, len(cells))
            cells.insert(at, cell)
            truth.append({"family": family, "form": form, "file": name, "fingerprint": fingerprint(secret), "secret": secret, "cell": cell})
        for entry in truth[-len(batch):]:
            cell = entry.pop("cell")
            entry["at"] = next(at for at, one in enumerate(cells) if one is cell)
        save(args.output / "planted" / name, document)
        files += 1
        batch = []

    for _ in range(args.rounds):
        for item in planted(v):
            batch.append(item)
            if len(batch) == 12:
                flush()
    flush()
    save(args.output / "truth.json", truth)
    print(f"{len(truth)} credentials of {len({t['family'] for t in truth})} families in {files} notebooks")


if __name__ == "__main__":
    main()
