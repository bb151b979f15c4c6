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
const SECRETS: [&str; 118] = [
    "accesskey", "accountkey", "adgangskode", "adgangskoden", "adminkey", "apikey", "appkey", "appsecret",
    "authkey", "authtoken", "basicauth", "clientkey", "codeverifier", "contrasena", "contraseña",
    "credential", "credentials", "creds", "decryptionkey", "depasse", "encryptionkey", "geheimnis", "haslo",
    "hasło", "hemmelighet", "heslo", "hmackey", "jelszo", "jelszó", "jwt", "katasandi", "kennwort",
    "keyphrase", "licensekey", "losenord", "losenordet", "lösenord", "lösenordet", "masterauth", "masterkey",
    "matkhau", "mnemonic", "mot de passe", "motdepasse", "mậtkhẩu", "parola", "passcode", "passkey",
    "passord", "passordet", "passphrase", "passw", "passwd", "password", "passwort", "passwrd", "pasword",
    "privatekey", "privkey", "psk", "psswd", "pswd", "pwd", "rememberme", "remembermetoken", "requirepass",
    "salasana", "samlrequest", "samlresponse", "sandi", "secret", "secretanswer", "secretkey",
    "secretkeybase", "secreto", "securityanswer", "seedphrase", "segredo", "segreto", "senha", "servicekey",
    "sessionkey", "sharedaccesskey", "sharedaccesssignature", "sharedkey", "sifre", "signingkey", "sshkey",
    "storagekey", "storepass", "subscriptionkey", "token", "userpass", "wachtwoord", "wachtwort",
    "webhookkey", "xkey", "xprv", "şifre", "κωδικος", "κωδικός", "ключ", "пароль", "секрет", "токен", "סיסמה",
    "كلمةالسر", "كلمةالمرور", "पासवरड", "パスワード", "令牌", "口令", "密码", "密碼", "密钥", "暗証番号", "비밀번호", "암호",
];

/// How secrets' names begin in languages that bend them.
const STEMS: [&str; 9] = ["hasł", "hesl", "jelsz", "salasana", "şifre", "κωδικ", "парол", "секрет", "токен"];

/// Names in scripts without blanks, where more of the sentence may be joined to them.
const JOINED: [&str; 7] = ["密码", "密碼", "口令", "パスワード", "暗証番号", "비밀번호", "암호"];

/// Names of fields, whole: as the end of a word they would be another word (`compass`, `discard`, `authoritysid`).
#[rustfmt::skip]
const FIELDS: [&str; 133] = [
    "aadhaar", "accountnumber", "address1", "advertisingid", "androidid", "assertion", "auth", "birthdate",
    "birthday", "bsn", "captcha", "card", "cardno", "cc", "ccnum", "challenge", "chave", "clave", "clé",
    "cnonce", "cnpj", "coupon", "cpf", "cred", "creditcard", "csc", "csrf", "cvc", "cvc2", "cvv", "cvv2",
    "dateofbirth", "dbpass", "dni", "dob", "driverlicence", "driverlicense", "email", "emailaddress",
    "externalid", "familyname", "fax", "firstname", "fullname", "geburtsdatum", "geheim", "giftcard",
    "givenname", "hemmelig", "henkilötunnus", "hmac", "iban", "iccid", "idfa", "idtokenhint", "imei", "imsi",
    "insurance", "invitation", "itan", "jeton", "jsessionid", "kennzeichen", "lastname", "latitude",
    "licenseplate", "llave", "longitude", "magiclink", "mail", "mdp", "memorableword", "mfa", "mfacode",
    "mobile", "mothersmaidenname", "msisdn", "nachname", "nationalid", "nif", "nino", "nonce", "oauth", "otp",
    "otpauth", "pan", "pass", "passe", "passport", "personalausweis", "pesel", "phone", "phonenumber",
    "phpsessid", "pin", "psw", "puk", "pw", "rentenversicherung", "resetlink", "salt", "sas", "schluessel",
    "schlüssel", "sess", "sessid", "session", "sid", "sig", "signature", "socialsecurity", "sortcode", "ssid",
    "ssn", "steuerid", "street", "streetaddress", "surname", "tan", "taxid", "tel", "telephone", "ticket",
    "tkn", "totp", "usertoken", "verifier", "vorname", "voucher", "xsrf", "zugangsdaten", "身份证", "주민등록번호",
];

/// What a `…code` is when it is no status.
#[rustfmt::skip]
const CODES: [&str; 28] = [
    "access", "activation", "auth", "authorization", "backup", "confirmation", "device", "gift", "invite",
    "login", "mfa", "onetime", "otp", "pass", "pin", "postal", "promo", "recovery", "reset", "secret",
    "security", "sms", "unlock", "user", "verification", "verify", "voucher", "zip",
];

/// What a `…key` is when it names a place, not a secret.
#[rustfmt::skip]
const PLACES: [&str; 21] = [
    "cache", "composite", "dict", "dup", "duplicate", "foreign", "hash", "index", "key", "map", "object",
    "partition", "primary", "public", "range", "routing", "sort", "such", "unique", "mon", "tur",
];

/// Before a token that a parser could not read.
const PARSERS: [&str; 7] =
    ["at", "expecting", "illegal", "near", "unexpected", "unrecognised", "unrecognized"];

/// The last word of several in a field's name.
const LAST: [&str; 13] =
    ["auth", "cvc", "cvv", "iban", "otp", "pass", "pin", "psw", "puk", "pw", "sas", "sig", "ssn"];

/// Names that end like a secret's and hold none.
const PUBLIC: [&str; 3] = ["publickeytoken", "secretname", "secretarn"];

/// Words that make a segment of a path one before a token, be they a part of its name: `password-reset`, `confirmEmail`.
#[rustfmt::skip]
const TOKEN_WORDS: [&str; 16] = [
    "activate", "activation", "confirm", "confirmation", "forgot", "invitation", "invite", "magic", "otp", "recover",
    "recovery", "reset", "unsubscribe", "verification", "verify", "onetime",
];

/// What stands behind a name and before its value, or is the rest of the name.
#[rustfmt::skip]
const FILLERS: [&str; 49] = [
    "are", "as", "bytes", "currently", "d", "equals", "er", "errata", "es", "est", "field", "given", "header",
    "id", "incorrect", "invalid", "is", "ist", "jest", "lautet", "literal", "no", "number", "ordine", "param",
    "parameter", "passed", "presented", "property", "provided", "received", "refused", "rejected", "sent",
    "set", "specified", "string", "submitted", "supplied", "to", "used", "using", "value", "was", "with",
    "wrong", "är", "è", "é",
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
const TOKEN_SEGMENTS: [&str; 42] = [
    "activate", "activation", "apikey", "auth", "callback", "card", "cards", "code", "confirm",
    "confirmation", "email", "emails", "invitation", "invitations", "invite", "invites", "join", "key",
    "login", "magic", "mobile", "otp", "password", "phone", "phones", "pin", "recover", "recovery", "reset",
    "reset-password", "s", "secret", "session", "sessions", "share", "signed", "ssn", "sso", "token",
    "tokens", "unsubscribe", "verify",
];

/// What says how a secret is, or goes on with the sentence; sorted.
#[rustfmt::skip]
const HARMLESS: &[&str] = &[
    "a", "abgelaufen", "about", "above", "absent", "accepted", "access", "account", "action", "active",
    "after", "again", "age", "algorithm", "already", "also", "am", "an", "and", "another", "any", "api",
    "app", "arn", "array", "at", "attribute", "audience", "auth", "authenticated", "authentication",
    "authorization", "authorizer", "aws", "bad", "be", "because", "been", "before", "being", "between", "bit",
    "blank", "both", "bucket", "but", "by", "cache", "caducado", "call", "callback", "came", "can", "can't",
    "cannot", "caused", "chain", "changed", "characters", "check", "claim", "class", "client", "closed",
    "code", "columns", "complexity", "computed", "config", "configuration", "configured", "connected", "connection",
    "constraint", "contain", "contains", "cookie", "could", "couldn't", "count", "created", "credential",
    "credentials", "database", "date", "declined", "decode", "default", "defined", "deleted", "denied",
    "deprecated", "did", "didn't", "different", "digest", "disabled", "does", "doesn't", "due", "during",
    "edge", "either", "empty", "enabled", "encoded", "encoding", "endpoint", "entry", "error", "errors",
    "exceeded", "exceeds", "exception", "exchange", "exist", "existed", "exists", "expected", "expiration",
    "expire", "expired", "expires", "expiry", "expiré", "expirée", "failed", "fails", "failure", "falsch",
    "false", "fehlt", "file", "flow", "for", "format", "found", "from", "function", "generated", "generation",
    "given", "got", "grant", "group", "had", "handler", "has", "hash", "have", "header", "headers", "hook",
    "host", "http", "id", "identity", "if", "illegal", "in", "inactive", "included", "incorrect",
    "incorrecta", "incorrecte", "incorrecto", "information", "input", "instead", "internal", "into",
    "invalid", "invalide", "inválida", "inválido", "is", "isn't", "issued", "issuer", "it", "its", "jar",
    "jest", "json", "key", "kid", "lambda", "last", "least", "length", "less", "library", "lifetime", "limit",
    "list", "locked", "long", "longer", "lookup", "magic", "malformed", "manager", "map", "match", "matched",
    "matches", "may", "member", "message", "method", "middleware", "mismatch", "missing", "mode", "module",
    "more", "most", "must", "name", "named", "needed", "needs", "never", "new", "next", "nicht", "nil", "no",
    "non", "none", "not", "null", "object", "of", "off", "old", "on", "once", "only", "or", "other", "out",
    "pair", "param", "parameter", "parser", "passed", "path", "payload", "pem", "per", "permission",
    "permissions", "plan", "please", "policy", "pool", "presented", "principal", "property", "protected",
    "provided", "provider", "query", "quota", "rate", "read", "received", "refresh", "refused", "region",
    "rejected", "renewal", "request", "requested", "required", "requires", "reset", "resource", "response",
    "return", "returned", "revoked", "role", "rotated", "rotation", "same", "scaduta", "scaduto", "schema",
    "scope", "security", "see", "sent", "server", "serverkeyexchange", "service", "session", "set",
    "sha1withrsa", "sha256withrsa", "short", "should", "signature", "signed", "signer", "signing", "since",
    "size", "source", "specification", "specified", "stage", "standard", "state", "status", "still",
    "storage", "store", "stored", "strategy", "strength", "string", "strong", "support", "supported", "table",
    "than", "that", "the", "their", "then", "there", "this", "time", "timeout", "to", "token", "too", "true",
    "try", "type", "unable", "unauthorized", "undefined", "unexpected", "ungültig", "unknown", "unset",
    "unsupported", "until", "updated", "url", "usage", "use", "used", "user", "using", "valid", "validation",
    "value", "values", "verification", "verified", "verify", "version", "via", "violates", "want", "was",
    "wasn't", "we", "weak", "were", "when", "where", "which", "while", "will", "with", "within", "without",
    "wrong", "yes", "you", "your",
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
        // Names of two words.
        "passe" | "sandi" | "khẩu" | "المرور" | "السر" if !before.is_empty() => {
            named(&text).or_else(|| named(&joined()))
        }
        "link" | "licence" | "license" if !before.is_empty() => named(&joined()),
        // What a parser reads.
        "token" | "tokens" if holds(&PARSERS, before) => Some(Name::Code),
        // In small letters these are words.
        "ein" | "nie" => (word == "EIN" || word == "NIE").then_some(Name::Field),
        _ => named(&text).or_else(|| {
            // `TWILIO_AUTH` is a field; `preauth` is none.
            let last = word.rsplit(['_', '-']).next().filter(|last| last.len() < word.len())?;
            holds(&LAST, last).then_some(Name::Field)
        }),
    }
}

fn named(text: &str) -> Option<Name> {
    if ends_in(text, &PUBLIC) || matches!(text, "keyid" | "kmskeyid" | "masterkeyid") {
        return None;
    }
    let bare = trimmed(text);
    if ends_in(bare, &HEADERS) {
        return Some(Name::Header);
    }
    let bent = |stem: &str| text.strip_prefix(stem).is_some_and(|rest| rest.chars().count() <= 3);
    let foreign = !text.is_ascii() && JOINED.iter().any(|name| text.contains(name));
    if foreign || STEMS.iter().any(|stem| bent(stem)) {
        return Some(Name::Secret);
    }
    let whole = if bare.len() == text.len() { "" } else { text };
    if ends_in(bare, &SECRETS) || ends_in(whole, &SECRETS) {
        return Some(Name::Secret);
    }
    if let Some(kind) = bare.strip_suffix("key") {
        let place = ends_in(kind, &PLACES) || kind.is_empty();
        return Some(if place { Name::Code } else { Name::Field });
    }
    if let Some(kind) = bare.strip_suffix("code") {
        let secret = ends_in(kind, &CODES);
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
        "otpauth",
    ];
    let is_field = |text: &str| FIELDS.binary_search(&text).is_ok();
    let field = is_field(bare) || is_field(text) || ends_in(bare, &suffixes);
    let header = bare.starts_with("xauth") || bare.starts_with("xtoken") || bare.starts_with("xapikey");
    if header { Some(Name::Secret) } else { field.then_some(Name::Field) }
}

/// Whether a text ends in one of these. It is asked of every word: the last byte rules nearly all of them out.
fn ends_in(text: &str, endings: &[&str]) -> bool {
    let last = text.as_bytes().last();
    last.is_some() && endings.iter().any(|end| end.as_bytes().last() == last && text.ends_with(end))
}

/// A name without its number, plural and what says which of several it is.
fn trimmed(text: &str) -> &str {
    const TAILS: [&str; 18] = [
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
        "base",
        "base64",
        "param",
        "field",
    ];
    let mut bare = text;
    for _ in 0..2 {
        let numbered = bare.trim_end_matches(|c: char| c.is_ascii_digit());
        // tokenV1
        bare = numbered.strip_suffix('v').filter(|_| numbered != bare).unwrap_or(numbered);
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
    if segment.len() > 40 || !segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
        return false;
    }
    let single = |word: &str| word.len() - usize::from(word.len() > 3 && word.ends_with(['s', 'S']));
    if holds(&TOKEN_SEGMENTS, segment) || holds(&TOKEN_SEGMENTS, &segment[..single(segment)]) {
        return true;
    }
    // A name of several words, by hyphens or capitals.
    let bytes = segment.as_bytes();
    let opens = |at: usize| bytes[at].is_ascii_uppercase() && !bytes[at - 1].is_ascii_uppercase();
    let (mut start, mut several) = (0, false);
    for at in 1..=segment.len() {
        if at == segment.len() || opens(at) || b"-_".contains(&bytes[at]) {
            let word = segment[start..at].trim_matches(['-', '_']);
            several |= start > 0;
            if (several || at < segment.len()) && holds(&TOKEN_WORDS, &word[..single(word)]) {
                return true;
            }
            start = at;
        }
    }
    several && matches!(name(segment, ""), Some(Name::Secret | Name::Header))
}

pub(super) fn is_harmless(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    // It is asked for each word behind a name.
    let known = |word: &str| HARMLESS.binary_search(&word).is_ok();
    let capital = word.bytes().any(|b| b.is_ascii_uppercase());
    word.is_empty()
        || (word.len() <= 24 && if capital { known(&word.to_ascii_lowercase()) } else { known(word) })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_searched_are_sorted() {
        assert!(HARMLESS.is_sorted());
        assert!(FIELDS.is_sorted());
    }

    #[test]
    fn a_segment_is_read_by_its_words() {
        for segment in [
            "password-reset",
            "resetPassword",
            "confirm_email",
            "team-invites",
            "api-key",
            "keys",
            "refreshTokens",
        ] {
            assert!(is_token_segment(segment), "{segment}");
        }
        for segment in ["orders", "status-code", "card-types", "order-key", "keyboards", "presets", "v2"] {
            assert!(!is_token_segment(segment), "{segment}");
        }
    }
}
