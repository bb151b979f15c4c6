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
const SECRETS: [&str; 128] = [
    "accesskey", "accountkey", "adgangskode", "adgangskoden", "adminkey", "apikey", "appkey", "appsecret",
    "authkey", "authtoken", "basicauth", "clientkey", "codeverifier", "contrasena", "contraseña",
    "credential", "credentials", "creds", "decryptionkey", "depasse", "encryptionkey", "geheimnis", "geslo",
    "haslo", "hasło", "hemmelighet", "heslo", "hmackey", "jelszo", "jelszó", "jwt", "katasandi", "kennwort",
    "keyphrase", "licensekey", "losenord", "losenordet", "lozinka", "lozinku", "lösenord", "lösenordet",
    "masterauth", "masterkey", "matkhau", "mnemonic", "mot de passe", "motdepasse", "mậtkhẩu", "parola",
    "parolă", "parool", "passcode", "passkey", "passord", "passordet", "passphrase", "passw", "passwd",
    "password", "passwort", "passwrd", "pasword", "privatekey", "privkey", "psk", "psswd", "pswd", "pwd",
    "rememberme", "remembermetoken", "requirepass", "salasana", "samlrequest", "samlresponse", "sandi",
    "secret", "secretanswer", "secretkey", "secretkeybase", "secreto", "securityanswer", "seedphrase",
    "segredo", "segreto", "senha", "servicekey", "sessionkey", "sharedaccesskey", "sharedaccesssignature",
    "sharedkey", "sifre", "signingkey", "slaptazodis", "slaptažodis", "sshkey", "ssw0rd", "ssword",
    "storagekey", "storepass", "subscriptionkey", "token", "userpass", "wachtwoord", "wachtwort",
    "webhookkey", "xkey", "xprv", "zaporka", "şifre", "κωδικος", "κωδικός", "ключ", "пароль", "секрет",
    "токен", "סיסמה", "كلمةالسر", "كلمةالمرور", "पासवरड", "パスワード", "令牌", "口令", "密码", "密碼", "密钥", "暗証番号",
    "비밀번호", "암호",
];

/// How secrets' names begin in languages that bend them.
const STEMS: [&str; 9] = ["hasł", "hesl", "jelsz", "salasana", "şifre", "κωδικ", "парол", "секрет", "токен"];

/// Names in scripts without blanks, where more of the sentence may be joined to them.
const JOINED: [&str; 7] = ["密码", "密碼", "口令", "パスワード", "暗証番号", "비밀번호", "암호"];

/// Names of fields, whole: as the end of a word they would be another word (`compass`, `discard`, `authoritysid`).
#[rustfmt::skip]
const FIELDS: [&str; 163] = [
    "aadhaar", "accountnumber", "address1", "advertisingid", "androidid", "assertion", "auth",
    "birthdate", "birthday", "bsn", "captcha", "card", "cardno", "cc", "ccnum", "cellulare", "celular",
    "challenge", "chave", "chiptan", "clave", "clé", "cnonce", "cnpj", "coupon", "cpf", "cred", "creditcard",
    "csc", "csrf", "cvc", "cvc2", "cvv", "cvv2", "dateofbirth", "dbpass", "dni", "dob", "driverlicence",
    "driverlicense", "email", "emailaddress", "externalid", "familyname", "fax", "firstname", "fullname",
    "geburtsdatum", "geheim", "giftcard", "givenname", "handynummer", "hemmelig", "henkilötunnus", "hmac",
    "iban", "iccid", "idfa", "idtokenhint", "imei", "imsi", "insurance", "invitation", "itan", "jeton",
    "jsessionid", "kennzeichen", "lastname", "latitude", "licenseplate", "llave", "longitude", "magiclink",
    "mail", "mdp", "memorableword", "mfa", "mfacode", "mobile", "mobilnummer", "mobiltelefon",
    "mothersmaidenname", "msisdn", "mtan", "móvil", "nachname", "nationalid", "nif", "nino", "nonce", "oauth",
    "otp", "otpauth", "pan", "pass", "passe", "passport", "personalausweis", "pesel", "phone", "phonenumber",
    "phototan", "phpsessid", "pin", "psw", "puk", "pushtan", "pw", "rentenversicherung", "resetlink",
    "rufnummer", "salt", "sas", "schluessel", "schlüssel", "securitesociale", "segurançasocial",
    "seguridadsocial", "sess", "sessid", "session", "sicurezzasociale", "sid", "sig", "signature", "smstan",
    "socialsecurity", "sortcode", "ssid", "ssn", "steuerid", "street", "streetaddress", "surname",
    "sécuritésociale", "tan", "taxid", "tel", "telefon", "telefonnummer", "telefono", "telefoon", "telephone",
    "teléfono", "ticket", "tkn", "totp", "téléphone", "usertoken", "verifier", "vorname", "voucher", "xsrf",
    "zugangsdaten", "確認コード", "認証コード", "認証番号", "身份证", "驗證碼", "验证码", "인증번호", "인증코드", "주민등록번호",
];

/// A code, in several languages.
const CODE: [&str; 9] = ["code", "codice", "codigo", "código", "kod", "kode", "kodu", "koodi", "код"];

/// What a `…code` is when it is no status.
#[rustfmt::skip]
const CODES: [&str; 41] = [
    "access", "activation", "auth", "authorization", "backup", "bekreftelses", "bekræftelses",
    "bestaetigungs", "bestätigungs", "confirmation", "device", "einmal", "freischalt", "gift", "invite",
    "login", "mfa", "onetime", "otp", "pass", "pin", "postal", "promo", "prüf", "recovery", "reset", "secret",
    "security", "sicherheits", "sms", "unlock", "user", "vahvistus", "varmistus", "verificatie",
    "verification", "verifierings", "verify", "voucher", "zip", "zugangs",
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

/// What says which code one is, where that stands behind: `code de vérification`, `clave de acceso`.
#[rustfmt::skip]
const KINDS: [&str; 19] = [
    "acceso", "accesso", "accès", "acesso", "de", "di", "segurança", "seguridad", "sicurezza", "sécurité",
    "verifica", "verificación", "verificação", "vérification", "weryfikacji", "weryfikacyjny", "безопасности",
    "доступа", "подтверждения",
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
    "a", "abgelaufen", "abgelehnt", "about", "above", "absent", "accepted", "access", "account", "action",
    "active", "after", "again", "age", "algorithm", "already", "also", "am", "an", "and", "angegeben",
    "another", "any", "api", "app", "arn", "array", "at", "attribute", "audience", "auth", "authenticated",
    "authentication", "authorization", "authorizer", "aws", "bad", "be", "because", "been", "before", "being",
    "benutzer", "benutzers", "between", "bigint", "bit", "bitte", "blank", "blob", "boolean", "both", "boş",
    "bucket", "but", "by", "bytea", "cache", "caducada", "caducado", "call", "callback", "came", "can",
    "can't", "cannot", "caused", "chain", "changed", "char", "character", "characters", "check", "claim",
    "class", "client", "closed", "code", "columns", "complexity", "computed", "config", "configuration",
    "configured", "connected", "connection", "constraint", "contain", "contains", "cookie", "could",
    "couldn't", "count", "created", "credential", "credentials", "da", "dans", "darf", "das", "database",
    "date", "de", "debe", "declined", "decode", "default", "defined", "del", "deleted", "dell", "dem", "den",
    "denied", "deprecated", "der", "des", "deve", "di", "did", "didn't", "die", "different", "digest",
    "digit", "digits", "disabled", "dla", "do", "does", "doesn't", "doit", "dos", "du", "due", "during",
    "edge", "eingegeben", "either", "el", "empty", "en", "enabled", "encoded", "encoding", "endpoint",
    "entry", "erforderlich", "errada", "errado", "error", "errors", "essere", "estar", "está", "exceeded",
    "exceeds", "exception", "exchange", "execution", "exist", "existed", "exists", "expected", "expirada",
    "expirado", "expiration", "expire", "expired", "expires", "expiry", "expiré", "expirée", "failed",
    "fails", "failure", "falsch", "falsches", "false", "fehlt", "fehlte", "field", "file", "filtered", "flow",
    "foi", "for", "format", "found", "from", "fue", "function", "för", "für", "gebruiker", "generated",
    "generation", "gerekli", "gesetzt", "gesperrt", "geändert", "geçersiz", "given", "got", "grant", "group",
    "gültig", "ha", "had", "handler", "has", "hash", "hat", "hatalı", "have", "header", "headers", "hidden",
    "hook", "host", "http", "id", "identity", "if", "ikke", "il", "illegal", "in", "inactive", "included",
    "incorrect", "incorrecta", "incorrecte", "incorrecto", "information", "input", "instead", "inte",
    "integer", "internal", "into", "invalid", "invalide", "inválida", "inválido", "is", "isn't", "issued",
    "issuer", "it", "its", "jar", "jest", "json", "kan", "kann", "key", "kid", "kurz", "l", "la", "lambda",
    "lang", "last", "le", "least", "leeg", "leer", "length", "less", "letter", "letters", "library",
    "lifetime", "limit", "list", "locked", "long", "longer", "lookup", "lowercase", "mag", "magic",
    "malformed", "manager", "mancante", "manquant", "manquante", "map", "masked", "match", "matched",
    "matches", "maximum", "may", "member", "message", "method", "middleware", "minimum", "mismatch",
    "missing", "mode", "module", "moet", "more", "most", "może", "musi", "muss", "must", "muß", "må", "måste",
    "name", "named", "ne", "needed", "needs", "nell", "neplatné", "neplatný", "never", "new", "next", "nicht",
    "niet", "nil", "no", "non", "none", "not", "null", "nvarchar", "não", "obfuscated", "object",
    "obrigatória", "obrigatório", "of", "off", "old", "omitted", "on", "once", "only", "or", "other", "out",
    "pair", "para", "param", "parameter", "parser", "pas", "passed", "path", "payload", "pem", "per",
    "permission", "permissions", "peut", "placeholder", "plan", "please", "pode", "policy", "pool", "pour",
    "presented", "principal", "property", "protected", "provided", "provider", "puede", "può", "query",
    "quota", "rate", "read", "received", "redacted", "refresh", "refused", "region", "rejected", "renewal",
    "requerida", "requerido", "request", "requested", "required", "requires", "requis", "requise", "reset",
    "resource", "response", "return", "returned", "revoked", "richiesta", "richiesto", "role", "rotated",
    "rotation", "same", "sanitized", "scaduta", "scadute", "scaduto", "schema", "scope", "security", "see",
    "sein", "sent", "server", "serverkeyexchange", "service", "session", "set", "sha1withrsa",
    "sha256withrsa", "short", "should", "signature", "signed", "signer", "signing", "since", "size", "source",
    "special", "specification", "specified", "stage", "standard", "state", "status", "still", "storage",
    "store", "stored", "strategy", "strength", "string", "strong", "support", "supported", "symbol",
    "symbols", "table", "taken", "text", "than", "that", "the", "their", "then", "there", "this", "time",
    "timeout", "to", "token", "too", "trop", "true", "try", "ttl", "type", "unable", "unauthorized",
    "undefined", "unexpected", "ungültig", "ungültiges", "unknown", "unset", "unsupported", "until",
    "updated", "uppercase", "url", "usage", "use", "used", "user", "using", "usuario", "usuário", "utente",
    "utgått", "utilisateur", "uuid", "vacía", "vacío", "valid", "validation", "value", "values", "varbinary",
    "varchar", "varying", "vazia", "vazio", "vencida", "vereist", "verification", "verified", "verify",
    "verlopen", "version", "via", "vide", "violates", "volume", "von", "voor", "vuota", "vuoto", "want",
    "war", "was", "wasn't", "we", "weak", "were", "when", "where", "which", "while", "will", "wird", "with",
    "within", "without", "wrong", "wurde", "wurden", "wygasło", "wymagane", "yanlış", "yes", "you", "your",
    "zurückgesetzt", "été", "übermittelt", "должен", "истек", "истёк", "не", "неверен", "неверный",
    "обязателен", "пользователя", "слишком", "만료되었습니다", "올바르지", "일치하지", "틀렸습니다",
];

/// What a word names; `before` is the word before it.
pub(super) fn name(word: &str, before: &str) -> Option<Name> {
    // No name is longer; of a longer word the end decides.
    let mut text = String::with_capacity(48);
    let tail = word.char_indices().rev().nth(63).map_or(word, |(at, _)| &word[at..]);
    text.extend(tail.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase));
    if !text.is_ascii() && text.bytes().any(|b| b.is_ascii_alphabetic()) {
        text = text.chars().map(latin).collect();
    }
    let joined = || {
        let before = before.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        format!("{}{text}", before.collect::<String>())
    };
    match text.as_str() {
        "key" | "keys" | "code" | "pin" | "number" | "id" | "word" | "phrase" | "answer" | "security"
        | "card"
            if !before.is_empty() =>
        {
            let whole = named(&joined()).filter(|name| *name == Name::Secret || text != "key");
            whole.or_else(|| named(&text))
        }
        // Names of two words.
        "passe" | "sandi" | "social" | "sociale" | "khẩu" | "المرور" | "السر" if !before.is_empty() => {
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

/// The Latin letter that a Cyrillic one looks like: in a word of both it stands for that.
fn latin(letter: char) -> char {
    const ALIKE: [(char, char); 12] = [
        ('а', 'a'),
        ('е', 'e'),
        ('о', 'o'),
        ('р', 'p'),
        ('с', 'c'),
        ('у', 'y'),
        ('х', 'x'),
        ('ѕ', 's'),
        ('і', 'i'),
        ('ј', 'j'),
        ('һ', 'h'),
        ('ԁ', 'd'),
    ];
    ALIKE.iter().find(|(cyrillic, _)| *cyrillic == letter).map_or(letter, |(_, latin)| *latin)
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
    if let Some(kind) = CODE.iter().find_map(|code| bare.strip_suffix(code)) {
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

/// Whether a word between a name and its value belongs to the name.
pub(super) fn is_filler_of(name: Name, word: &str) -> bool {
    is_filler(word) || (matches!(name, Name::Code | Name::Field) && holds(&KINDS, word))
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

/// Whether a text is a sentence about a secret: several words, each of them harmless, a name, or a small number.
pub(super) fn is_remark(text: &str) -> bool {
    let known = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        is_harmless(bare)
            || is_filler(bare)
            || (bare.len() < 4 && bare.bytes().all(|b| b.is_ascii_digit()))
            || (bare.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_') && name(bare, "").is_some())
    };
    text.len() <= 160 && text.split_whitespace().count() > 2 && text.split_whitespace().all(known)
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
