//! What a word's shape tells: keys by their prefix, tokens by how unlike a word they are, and ids of AWS that stay.

use memchr::memmem;

/// How the issuers of keys and tokens mark them. A mark counts only before more characters of a token.
#[rustfmt::skip]
const PREFIXES: [&str; 66] = [
    "ABIA", "ACCA", "AGE-SECRET-KEY-", "AIza", "AKIA", "ASIA", "ATATT3", "ATCTT3", "BBDC-", "EAAC", "FwoG",
    "GOCSPX-", "IQoJ", "NRAK-", "PMAK-", "SG.", "amzn.mws.", "dapi", "dckr_pat_", "dop_v1_", "doo_v1_",
    "figd_", "ghp_", "gho_", "ghr_", "ghs_", "ghu_", "github_pat_", "glcbt-", "gldt-", "glpat-", "glptt-",
    "glrt-", "hf_", "hvb.", "hvs.", "key-", "lin_api_", "npm_", "nvapi-", "oauth2:", "pk_live_", "pk_test_",
    "pypi-", "rk_live_", "rk_test_", "rzp_live_", "rzp_test_", "shpat_", "shpca_", "shppa_", "shpss_",
    "sk-", "sk_live_", "sk_test_", "sntrys_", "sq0atp-", "sq0csp-", "tskey-", "whsec_", "xapp-", "xox",
    "xoxb-", "xoxp-", "ya29.", "1//0",
];

/// The letters that follow a letter in English words and the names that programs give; all others make a word unlikely.
#[rustfmt::skip]
const FOLLOWERS: [&str; 26] = [
    "bcdefgiklmnprstuvwxy", "acdefijlorsuy", "abdefhiklmorstuy", "abcefilmnoprstu",
    "abcdfghiklmnopqrstuvwxy", "abcdeilorstu", "aehilnorsu", "aeimortu", "abcdefglmnoprstvxz", "e", "aeils",
    "acdeiopstuvy", "abdeilopstu", "acdefgikloprstuvy", "abcdfgiklmnprstuvwx", "acdehilorstuy", "u",
    "abcdefgiklmnopstuvwy", "acdefghiklmnoprtuwy", "acdefhilmnoprsuwy", "abcdefgilmnprst", "aeio",
    "aehinors", "ceipt", "eimnpst", "aei",
];

/// Where AWS counts its resources: `prefix-` and 8 or 17 hexadecimal digits.
#[rustfmt::skip]
const RESOURCES: [&str; 40] = [
    "acl", "aclassoc", "ami", "cgw", "dopt", "eigw", "eipalloc", "eipassoc", "eni", "fl", "fs", "fsap",
    "fsmt", "i", "igw", "lt", "nat", "pcx", "pl", "rtb", "rtbassoc", "sg", "sgr", "snap", "subnet", "svc",
    "attach", "tgw", "vgw", "vol", "vpc", "vpce", "vpn", "lgw", "cagw", "eice", "lb", "rnat", "ipam",
    "pool",
];

/// A key whose issuer marked it, anywhere in a word.
pub(super) fn is_marked(word: &str) -> bool {
    let bytes = word.as_bytes();
    let first = bytes.first();
    let opened = PREFIXES.iter().filter(|prefix| prefix.as_bytes().first() == first).any(|prefix| {
        let Some(rest) = word.strip_prefix(prefix) else { return false };
        // `key-`, `npm_` and the like open ordinary names too.
        let usual =
            prefix.bytes().all(|b| !b.is_ascii_uppercase()) && prefix.len() <= 4 && !prefix.starts_with("gh");
        rest.len() >= 8 && (!usual || rest.bytes().any(|b| b.is_ascii_digit()))
    });
    let joined = word.len() >= 10 && memmem::find(bytes, b"eyJ").is_some();
    opened
        || joined
        || (word.len() >= 16
            && ["AKIA", "ASIA"].iter().any(|mark| {
                memmem::find(bytes, mark.as_bytes()).is_some_and(|at| {
                    let key =
                        bytes[at + 4..].iter().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
                    key.count() >= 12
                })
            }))
}

/// Whether a word that was cut opens like a key.
pub(super) fn is_opened(word: &str) -> bool {
    word.starts_with("eyJ")
        || PREFIXES.iter().any(|prefix| word.len() > prefix.len() && word.starts_with(prefix))
}

/// Whether a word has letters of both cases and digits.
pub(super) fn is_mixed(word: &str) -> bool {
    let has = |what: fn(&u8) -> bool| word.as_bytes().iter().any(what);
    has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}

/// Whether base64 was split by its own marks (`/ - _ . +`): letters of all kinds that together are too unlike words, and no
/// piece that is a word, as the generated names of stacks have.
pub(super) fn is_mixture(word: &str) -> bool {
    let mixed = is_mixed(word);
    let mut pieces = word.split(|c: char| !c.is_ascii_alphanumeric());
    let is_word = |piece: &str| {
        piece.len() >= 5 && piece.bytes().all(|b| b.is_ascii_alphabetic()) && surprise(piece.as_bytes()) < 20
    };
    // The length of AWS's secret keys, whatever words are in one by chance.
    if word.len() == 40 && mixed && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b)) {
        return surprise(word.as_bytes()) >= 22;
    }
    let limit = if word.len() < 32 { 38 } else { 33 };
    mixed && word.len() >= 20 && surprise(word.as_bytes()) >= limit && !pieces.any(is_word)
}

/// Whether a word, or a run of letters and digits in it, is made by chance: too long and too unlike words.
pub(super) fn is_random(word: &str) -> bool {
    is_mixture(word) || word.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random_run)
}

fn is_random_run(run: &str) -> bool {
    let bytes = run.as_bytes();
    let has = |what: fn(&u8) -> bool| bytes.iter().any(what);
    // Ids of roles and users are no secrets.
    if bytes.len() < 16 || ["AROA", "AIDA", "AGPA", "ANPA", "AIPA"].iter().any(|id| run.starts_with(id)) {
        return false;
    }
    // An address in memory.
    if run.len() <= 18
        && run.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()))
    {
        return false;
    }
    let digits = has(u8::is_ascii_digit);
    if bytes.iter().all(u8::is_ascii_hexdigit) {
        // Sixteen and seventeen number AWS's load balancers and resources.
        return bytes.len() >= 20 && digits && has(u8::is_ascii_alphabetic);
    }
    let limit = match bytes.len() {
        16..20 => 55,
        _ if digits || (has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)) => 36,
        _ => 42,
    };
    surprise(bytes) >= limit
}

/// In a hundred pairs of neighbours, how many no name has: letters that do not follow each other, a digit beside a letter,
/// a capital behind a small letter (half, since names have some).
fn surprise(word: &[u8]) -> usize {
    let (mut pairs, mut odd) = (0, 0);
    for pair in word.windows(2) {
        let &[a, b] = pair else { continue };
        if !a.is_ascii_alphanumeric() || !b.is_ascii_alphanumeric() {
            continue;
        }
        pairs += 2;
        odd += match (a.is_ascii_digit(), b.is_ascii_digit()) {
            (true, true) => 0,
            (false, false) if a == b => 0,
            (false, false) if a.is_ascii_lowercase() && b.is_ascii_uppercase() => 1,
            (false, false) => {
                let row = FOLLOWERS[usize::from(a.to_ascii_lowercase() - b'a')].as_bytes();
                if row.contains(&b.to_ascii_lowercase()) { 0 } else { 2 }
            }
            _ => 2,
        };
    }
    (odd * 100_usize).checked_div(pairs).unwrap_or(0)
}

/// Whether a segment of a path is a name, a number or an id in small letters: nothing that base64 falls into.
pub(super) fn is_name(segment: &str) -> bool {
    let small = !segment.bytes().any(|b| b.is_ascii_uppercase() || b == b'+');
    small || (segment.len() >= 4 && is_wordy(segment) && surprise(segment.as_bytes()) < 20)
}

/// Whether a word is mostly what people speak: letters, or letters with marks between.
pub(super) fn is_wordy(word: &str) -> bool {
    word.bytes().all(|b| !b.is_ascii_digit()) && (word.len() < 12 || surprise(word.as_bytes()) < 30)
}

/// The length of a UUID that opens a text.
pub(super) fn uuid(text: &[u8]) -> Option<usize> {
    let id = text.get(..36)?;
    let sound = id.iter().enumerate().all(|(at, b)| match at {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_hexdigit(),
    });
    (sound && !text.get(36).is_some_and(u8::is_ascii_alphanumeric)).then_some(36)
}

/// Names before numbers in hexadecimal digits that engineers look up: digests, commits, images, traces, objects.
#[rustfmt::skip]
const DIGESTS: [&str; 29] = [
    "asset", "build", "commit", "commitsha", "container", "containerd", "containerid", "crio", "digest",
    "docker", "etag", "fingerprint", "git", "gitsha", "image", "md5", "objectid", "requestid", "rev",
    "revision", "rustc", "sha", "sha1", "sha256", "task", "taskid", "thumbprint", "trace", "traceid",
];

/// Names before ids of requests, in whatever letters a service writes them.
const REQUESTS: [&str; 12] = [
    "amzcfid",
    "amzid2",
    "amzntraceid",
    "apigwid",
    "cfray",
    "codesha256",
    "contentmd5",
    "correlationid",
    "ksuid",
    "requestid",
    "traceparent",
    "ulid",
];

/// Endings of programs and archives, whose names hold digests.
pub(super) const FILES: [&str; 30] = [
    "js", "mjs", "cjs", "ts", "jsx", "tsx", "map", "css", "html", "py", "pyc", "rb", "go", "rs", "java",
    "kt", "scala", "php", "cs", "so", "jar", "war", "zip", "tgz", "gz", "whl", "pl", "ex", "lua", "swift",
];

/// A file's name without its ending and the place in it: `handler.js:42:17`.
pub(super) fn file_stem(name: &str) -> Option<&str> {
    // Ruby and PHP: `cookie.rb:225:in`, `Guard.php(71):`.
    let name = name.strip_suffix(":in").unwrap_or(name);
    let place = name.trim_end_matches(|c: char| c.is_ascii_digit() || ":.)(".contains(c));
    let (stem, ending) = place.rsplit_once('.')?;
    let all = name.len() == place.len() || b":.)(".contains(&name.as_bytes()[place.len()]);
    (all && FILES.contains(&ending)).then_some(stem)
}

/// Whether a word is an id that the name before it, or its own place in a file's name, says to be no secret.
pub(super) fn is_numbered(word: &str, before: &str) -> bool {
    if is_integrity(word, before) || is_mangled(word) {
        return true;
    }
    let stem = file_stem(word);
    let word = stem.unwrap_or(word);
    let part = word
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .strip_suffix('-')
        .filter(|part| word.len() - part.len() < 5);
    let word = part.unwrap_or(word);
    let number = word.rsplit(['.', '-', '+', '_', '/', ':']).next().unwrap_or(word);
    let inner = &word[..word.len() - number.len()];
    let hex = number.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let name =
        |told: &[&str]| [inner, ""].iter().any(|inner| is_behind(&format!("{}{inner}", tail(before)), told));
    if hex && (20..=64).contains(&number.len()) && !is_random(inner) && !is_marked(inner) {
        // A file's digest stands before its ending, an image's tag behind its name, a version's build behind its number.
        let is_tag = inner.is_empty() && before.ends_with(':') && tail(before).contains('/');
        let is_build =
            inner.ends_with('+') && inner.bytes().all(|b| b.is_ascii_digit() || b".+v".contains(&b));
        return stem.is_some() || is_tag || is_build || name(&DIGESTS);
    }
    word.len() <= 120 && !is_marked(word) && is_behind(tail(before), &REQUESTS)
}

/// Whether a word is the digest of a package, as lock files hold it: `sha512-` and as many characters as base64 needs.
/// Keys of SSH have their fingerprint behind `SHA256:`.
fn is_integrity(word: &str, before: &str) -> bool {
    if word.len() == 43 && before.ends_with("SHA256:") {
        return true;
    }
    [("sha256-", 43), ("sha384-", 64), ("sha512-", 86)].iter().any(|(name, length)| {
        word.strip_prefix(name).is_some_and(|digest| {
            digest.len() == *length && digest.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b))
        })
    })
}

/// Whether a word is a function's name as compilers of C++ and Rust write it: `_ZN`, names behind their lengths, and a hash.
fn is_mangled(word: &str) -> bool {
    let Some(mut rest) = word.strip_prefix("_ZN") else { return false };
    for _ in 0..24 {
        let digits = rest.bytes().take(3).take_while(u8::is_ascii_digit).count();
        let (Ok(length), after) = (rest[..digits].parse::<usize>(), &rest[digits..]) else { break };
        let Some((name, next)) = after.split_at_checked(length) else { return false };
        let hash = name.len() == 17 && name.starts_with('h') && next == "E";
        if !hash && is_random(name) {
            return false;
        }
        rest = next;
    }
    rest == "E" && word.len() > 4
}

/// The last characters of a text, in which a name before a value stands.
fn tail(text: &str) -> &str {
    let start = text.char_indices().rev().nth(39).map_or(0, |(at, _)| at);
    &text[start..]
}

/// Whether a text ends with one of these names and the marks before a value.
fn is_behind(text: &str, names: &[&str]) -> bool {
    let text = text.trim_end_matches(|c: char| " :=\"'@/.+-_([".contains(c));
    let name: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let whole = |at: usize| {
        // `sha` ends `sha`, not `pasha`: the name opens a word, or follows a capital as in `traceId`.
        let mut left = name.len() - at;
        let mut letters = text.char_indices().rev().filter(|(_, c)| c.is_ascii_alphanumeric());
        let start = loop {
            match letters.next() {
                Some((place, _)) if left == 1 => break place,
                Some(_) => left -= 1,
                None => return false,
            }
        };
        text[start..].starts_with(|c: char| c.is_ascii_uppercase())
            || !text[..start].ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    names.iter().any(|known| name.ends_with(known) && whole(name.len() - known.len()))
}

/// An id that X-Ray or EC2 gives: `1-` and 8 and 24 digits, or `eni-` and 17.
pub(super) fn is_aws_id(word: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
    let Some((front, last)) = word.rsplit_once('-') else { return false };
    let database = matches!(front, "db" | "cluster") && last.len() == 26;
    if database && last.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
        return true;
    }
    if is_logical(front) && matches!(last.len(), 12 | 13) && last.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return true;
    }
    if !hex(last) {
        return false;
    }
    match last.len() {
        8 | 17 => front.rsplit('-').next().is_some_and(|prefix| RESOURCES.contains(&prefix)),
        23 | 24 => front.len() == 10 && front.starts_with("1-") && hex(&front[2..]),
        _ => false,
    }
}

/// Whether a name ends as CloudFormation's generated ids do: words, and eight hexadecimal digits in capitals.
pub(super) fn is_logical(name: &str) -> bool {
    let Some(at) = name.len().checked_sub(8).filter(|at| *at >= 2 && name.is_char_boundary(*at)) else {
        return false;
    };
    let (words, digest) = name.split_at(at);
    digest.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b))
        && words.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && words.split('-').all(|word| !is_random(word))
}

/// A DNS name: it stays, but for what is a token in it. AWS's own names hold long ids.
pub(super) fn is_host(word: &str) -> bool {
    let word = word.strip_suffix('.').unwrap_or(word);
    let Some((_, last)) = word.rsplit_once('.') else { return false };
    let named = last.len() >= 2 && last.bytes().all(|b| b.is_ascii_lowercase());
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._*".contains(&b);
    if !named || !word.bytes().all(plain) || word.len() > 253 {
        return false;
    }
    let aws = [
        "amazonaws.com",
        "amazonaws.com.cn",
        "cloudfront.net",
        "on.aws",
        "api.aws",
        "aws.dev",
        "awsglobalaccelerator.com",
    ];
    aws.iter().any(|own| word.ends_with(own)) || !word.split('.').any(is_random)
}
