//! Words that name a secret or a person's datum, and words that may stand behind such a name and give nothing away.

/// How much a name lets expect behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// A header that holds several values: all go, up to the header's end.
    Header,
    /// A secret, in a sentence too.
    Secret,
    /// A field; in a sentence only what has a digit can be its value.
    Field,
    /// Often no secret: only what is no word or status goes.
    Code,
}

const HEADERS: [&str; 6] = ["authorization", "cookie", "cookies", "xauth", "setcookie2", "xcsrf"];

#[rustfmt::skip]
const SECRETS: [&str; 63] = [
    "accesskey", "accountkey", "adminkey", "apikey", "appkey", "appsecret", "authkey", "authtoken",
    "clientkey", "contrasena", "contraseña", "credential", "decryptionkey", "encryptionkey", "hmackey",
    "jwt", "kennwort", "licensekey", "masterkey", "mot de passe", "motdepasse", "parola", "passcode",
    "passphrase", "passwd", "password", "passwort", "privatekey", "psk", "pwd", "samlresponse", "secret",
    "secretkey", "secretkeybase", "senha", "servicekey", "sessionkey", "sharedaccesskey", "sharedkey", "signingkey",
    "sshkey", "storagekey", "subscriptionkey", "token", "userpass", "wachtwoord", "wachtwort", "webhookkey",
    "xkey", "hasło", "haslo", "lösenord", "losenord", "пароль", "密码", "密碼", "パスワード", "비밀번호", "salasana",
    "heslo", "adgangskode", "passkey", "sharedaccesssignature",
];

/// Names of fields, whole: as the end of a word they would be another word (`compass`, `discard`, `authoritysid`).
#[rustfmt::skip]
const FIELDS: [&str; 73] = [
    "accountnumber", "address1", "assertion", "auth", "birthdate", "birthday", "captcha", "card", "cardno",
    "ccnum", "cc", "cnonce", "creditcard", "csc", "csrf", "cvc", "cvc2", "cvv", "cvv2", "dateofbirth",
    "dbpass", "dob", "email", "emailaddress", "familyname", "fax", "firstname", "fullname", "givenname",
    "hmac", "iban", "insurance", "jsessionid", "lastname", "mail", "mfa", "mfacode", "mobile", "msisdn",
    "nationalid", "nino", "nonce", "oauth", "otp", "pan", "pass", "passport", "phone", "phonenumber",
    "phpsessid", "pin", "pw", "session", "sessid", "sid", "sig", "signature", "socialsecurity",
    "ssn", "ssid", "surname", "tan", "taxid", "tel", "telephone", "ticket", "totp", "usertoken", "xsrf",
    "sortcode", "steuerid", "licenseplate", "sess",
];

/// What a `…code` is when it is no status.
#[rustfmt::skip]
const CODES: [&str; 22] = [
    "access", "activation", "auth", "authorization", "backup", "confirmation", "device", "invite", "login",
    "mfa", "onetime", "otp", "pass", "pin", "recovery", "reset", "secret", "security", "sms", "user",
    "verification", "verify",
];

/// What a `…key` is when it names a place, not a secret.
#[rustfmt::skip]
const PLACES: [&str; 21] = [
    "cache", "composite", "dict", "dup", "duplicate", "foreign", "hash", "index", "key", "map", "object",
    "partition", "primary", "public", "range", "routing", "sort", "such", "unique", "mon", "tur",
];

/// What stands behind a name and before its value, or is the rest of the name.
#[rustfmt::skip]
const FILLERS: [&str; 37] = [
    "are", "as", "bytes", "incorrect", "invalid", "refused", "rejected", "wrong", "currently", "equals", "field", "given", "header", "id", "is", "literal", "no",
    "number", "param", "parameter", "passed", "presented", "property", "provided", "received", "sent",
    "set", "specified", "string", "submitted", "supplied", "to", "used", "using", "value", "was", "with",
];

/// What opens the value of `Authorization`; the value is behind it.
#[rustfmt::skip]
const SCHEMES: [&str; 30] = [
    "apikey", "api-key", "apitoken", "aws", "aws4-hmac-sha256", "basic", "bearer", "bot", "client-cert",
    "digest", "dpop", "goog4-rsa-sha256", "gnap", "hawk", "hmac", "hoba", "jwt", "key", "mac", "negotiate",
    "ntlm", "oauth", "pop", "privatetoken", "scram-sha-256", "sharedkey", "signature", "ssws", "token",
    "vapid",
];

/// Segments of paths behind which one-time tokens stand.
#[rustfmt::skip]
const TOKEN_SEGMENTS: [&str; 40] = [
    "activate", "activation", "apikey", "auth", "callback", "card", "cards", "code", "confirm",
    "confirmation", "email", "emails", "invitation", "invitations", "invite", "invites", "join", "key",
    "login", "magic", "mobile", "otp", "password", "phone", "phones", "pin", "recover", "recovery", "reset",
    "reset-password", "s", "secret", "session", "sessions", "share", "ssn", "token", "tokens",
    "unsubscribe", "verify",
];

/// What says how a secret is, or goes on with the sentence.
#[rustfmt::skip]
const HARMLESS: &[&str] = &[
    "a", "about", "above", "absent", "accepted", "access", "account", "action", "active", "after", "again",
    "age", "algorithm", "already", "also", "am", "an", "and", "another", "any", "api", "app", "arn",
    "array", "at", "attribute", "audience", "auth", "authenticated", "authentication", "authorization",
    "authorizer", "aws", "bad", "be", "because", "been", "before", "being", "between", "bit", "blank",
    "both", "bucket", "but", "by", "cache", "call", "callback", "came", "can", "can't", "cannot", "caused",
    "chain", "changed", "check", "claim", "class", "client", "closed", "code", "columns", "complexity",
    "config", "configuration", "configured", "connection", "constraint", "contains", "cookie", "could", "couldn't", "count", "created", "credential", "credentials", "database", "date", "declined",
    "decode", "default", "defined", "deleted", "denied", "deprecated", "did", "didn't", "different",
    "digest", "disabled", "does", "doesn't", "due", "during", "edge", "either", "empty", "enabled",
    "encoded", "encoding", "endpoint", "entry", "error", "errors", "exceeded", "exceeds", "exception",
    "exchange", "exist", "existed", "exists", "expected", "expiration", "expire", "expired", "expires",
    "expiry", "failed", "failure", "fails", "false", "file", "flow", "for", "format", "found", "from",
    "function", "generated", "generation", "given", "grant", "group", "had", "handler", "has", "hash",
    "have", "header", "headers", "hook", "host", "http", "id", "identity", "if", "illegal", "in",
    "inactive", "included", "incorrect", "information", "input", "instead", "internal", "into", "invalid",
    "is", "isn't", "issued", "issuer", "it", "its", "jar", "json", "key", "kid", "lambda", "last", "length",
    "less", "library", "lifetime", "limit", "list", "locked", "longer", "lookup", "magic", "malformed", "manager",
    "map", "match", "matched", "matches", "may", "member", "message", "method", "middleware", "mismatch",
    "missing", "mode", "module", "more", "must", "name", "named", "needed", "needs", "never", "new", "next",
    "nil", "no", "none", "not", "null", "object", "of", "off", "old", "on", "once", "only", "or", "other",
    "out", "pair", "param", "parameter", "parser", "passed", "path", "payload", "pem", "per", "permission",
    "permissions", "plan", "please", "policy", "pool", "presented", "principal", "property", "protected",
    "provided", "provider", "query", "quota", "rate", "read", "received", "refresh", "refused", "region",
    "rejected", "renewal", "request", "requested", "required", "requires", "reset", "resource", "response",
    "return", "returned", "revoked", "role", "rotated", "rotation", "same", "schema", "scope", "security",
    "see", "sent", "server", "serverkeyexchange", "service", "session", "set", "sha1withrsa",
    "sha256withrsa", "should", "signature", "signed", "signer", "signing", "since", "size", "source",
    "specification", "specified", "stage", "standard", "state", "status", "still", "storage", "store",
    "stored", "strength", "string", "support", "supported", "table", "than", "that", "the", "their", "then",
    "there", "this", "time", "timeout", "to", "token", "too", "true", "try", "type", "unable",
    "unauthorized", "undefined", "unexpected", "unknown", "unset", "unsupported", "until", "updated", "url",
    "usage", "use", "used", "user", "using", "valid", "validation", "value", "values", "verification",
    "verified", "verify", "version", "via", "violates", "want", "was", "wasn't", "we", "were", "when",
    "where", "which", "while", "will", "with", "within", "without", "wrong", "yes", "you", "your",
];

/// What a word names; `before` is the word before it.
pub(super) fn name(word: &str, before: &str) -> Option<Name> {
    // No name is longer; of a longer word the end decides.
    let mut text = String::with_capacity(48);
    let tail = word.char_indices().rev().nth(63).map_or(word, |(at, _)| &word[at..]);
    text.extend(tail.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase));
    let joined = || format!("{}{text}", before.to_ascii_lowercase());
    match text.as_str() {
        "key" | "keys" | "code" | "pin" | "number" | "id" | "word" | "security" | "card"
            if !before.is_empty() =>
        {
            let whole = named(&joined()).filter(|name| *name == Name::Secret || text != "key");
            whole.or_else(|| named(&text))
        }
        "token" | "tokens" if before.eq_ignore_ascii_case("unexpected") => Some(Name::Code),
        _ => named(&text),
    }
}

fn named(text: &str) -> Option<Name> {
    let bare = trimmed(text);
    if HEADERS.iter().any(|name| bare.ends_with(name)) {
        return Some(Name::Header);
    }
    if SECRETS.iter().any(|name| bare.ends_with(name)) {
        return Some(Name::Secret);
    }
    if let Some(kind) = bare.strip_suffix("key") {
        let place = PLACES.iter().any(|place| kind.ends_with(place)) || kind.is_empty();
        return Some(if place { Name::Code } else { Name::Field });
    }
    if let Some(kind) = bare.strip_suffix("code") {
        let secret = CODES.iter().any(|code| kind.ends_with(code));
        return (secret || kind.is_empty()).then_some(if secret { Name::Field } else { Name::Code });
    }
    let suffixes = [
        "sessionid",
        "session",
        "signature",
        "creditcard",
        "password",
        "xauth",
        "phonenumber",
        "emailaddress",
        "dbpass",
        "smtppass",
    ];
    let field =
        FIELDS.contains(&bare) || FIELDS.contains(&text) || suffixes.iter().any(|name| bare.ends_with(name));
    let header = bare.starts_with("xauth") || bare.starts_with("xtoken") || bare.starts_with("xapikey");
    if header { Some(Name::Secret) } else { field.then_some(Name::Field) }
}

/// A name without its number, plural and what says which of several it is.
fn trimmed(text: &str) -> &str {
    const TAILS: [&str; 17] = [
        "hash",
        "value",
        "values",
        "string",
        "header",
        "confirmation",
        "confirm",
        "again",
        "plain",
        "text",
        "number",
        "id",
        "new",
        "old",
        "base64",
        "param",
        "field",
    ];
    let mut bare = text;
    for _ in 0..2 {
        bare = bare.trim_end_matches(|c: char| c.is_ascii_digit());
        bare = bare.strip_suffix('s').filter(|rest| rest.len() > 4 && !rest.ends_with('s')).unwrap_or(bare);
        let Some(rest) = TAILS.iter().find_map(|tail| bare.strip_suffix(tail)).filter(|rest| rest.len() > 2)
        else {
            break;
        };
        bare = rest;
    }
    bare
}

fn holds(list: &[&str], word: &str) -> bool {
    word.len() <= 24 && list.iter().any(|entry| entry.eq_ignore_ascii_case(word))
}

pub(super) fn is_filler(word: &str) -> bool {
    holds(&FILLERS, word)
}

pub(super) fn is_scheme(word: &str) -> bool {
    holds(&SCHEMES, word)
}

pub(super) fn is_token_segment(segment: &str) -> bool {
    holds(&TOKEN_SEGMENTS, segment)
}

pub(super) fn is_harmless(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    word.is_empty() || holds(HARMLESS, word)
}

/// What ends like this goes on with the sentence ("token validation", "session handling").
pub(super) fn is_abstract(word: &str) -> bool {
    let ends = [
        "tion",
        "sion",
        "ing",
        "ment",
        "ance",
        "ence",
        "able",
        "ible",
        "ity",
        "ted",
        "ssed",
        "ered",
        "ised",
        "ized",
        "eptor",
        "exception",
    ];
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    word.len() > 4
        && word.bytes().all(|b| b.is_ascii_alphabetic())
        && ends.iter().any(|end| word.to_ascii_lowercase().ends_with(end))
}
