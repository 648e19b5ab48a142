//! What messages say of places: positions, telephone numbers and links.

use caffis_schema::{
    Error, ErrorCode, Text,
    limits::{ACCURACY_METRES, COORDINATES_BYTES},
    places::{LocationBody, PlaceBody},
};

use super::text;

/// Parts of a degree: some centimetres.
const UNITS: i64 = 10_000_000;

/// Decimals of a degree.
const DECIMALS: usize = 7;

/// A location as it is kept.
///
/// # Errors
/// `invalid` for coordinates that are nowhere and an accuracy that is no use; why a text is not allowed.
pub fn checked_location(location: &LocationBody) -> Result<LocationBody, Error> {
    let (coordinates, accuracy) = checked_position(&location.coordinates, location.accuracy)?;
    Ok(LocationBody {
        coordinates,
        accuracy,
        name: line(location.name.as_ref())?,
        address: line(location.address.as_ref())?,
    })
}

/// Coordinates as they are kept, and how exact they are.
///
/// # Errors
/// `invalid` for coordinates that are nowhere and an accuracy that is no use.
pub fn checked_position(
    given: &Text<COORDINATES_BYTES>,
    accuracy: Option<u32>,
) -> Result<(Text<COORDINATES_BYTES>, Option<u32>), Error> {
    if accuracy.is_some_and(|metres| metres as usize > ACCURACY_METRES) {
        return invalid(&format!("An accuracy is at most {ACCURACY_METRES} metres."));
    }
    Ok((coordinates(given)?, accuracy))
}

/// A place as it is kept.
///
/// # Errors
/// `invalid` for coordinates that are nowhere, for links other than of the web and what is no telephone number; why a
/// text is not allowed.
pub fn checked_place(place: &PlaceBody) -> Result<PlaceBody, Error> {
    let name = Text::cut(place.name.trim());
    text::check_name(&name)?;
    let (phone, website) = (line(place.phone.as_ref())?, line(place.website.as_ref())?);
    if phone.as_ref().is_some_and(|phone| !is_phone(phone)) {
        return invalid("This is no telephone number.");
    }
    if website.as_ref().is_some_and(|website| !is_link(website)) {
        return invalid("A link begins with http:// or https:// and names a host.");
    }
    let address = line(place.address.as_ref())?;
    let coordinates = place.coordinates.as_ref().map(coordinates).transpose()?;
    Ok(PlaceBody { name, phone, website, address, coordinates })
}

/// One line of visible characters; none where there is none.
fn line<const N: usize>(text: Option<&Text<N>>) -> Result<Option<Text<N>>, Error> {
    let Some(text) = text.map(|text| Text::cut(text.trim())).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    text::check_name(&text)?;
    Ok(Some(text))
}

/// Latitude and longitude in the one form that is kept: `45.4642,9.19`.
fn coordinates(text: &Text<COORDINATES_BYTES>) -> Result<Text<COORDINATES_BYTES>, Error> {
    let found = text.split_once(',').and_then(|(latitude, longitude)| {
        Some((degrees(latitude.trim(), 90)?, degrees(longitude.trim(), 180)?))
    });
    match found {
        Some((latitude, longitude)) => {
            Ok(Text::cut(&format!("{},{}", shown(latitude), shown(longitude))))
        }
        None => invalid("Coordinates are a latitude and a longitude in degrees: 45.4642,9.19."),
    }
}

/// Degrees in units, exactly; none for what is no such number, or beyond `most` degrees.
fn degrees(text: &str, most: i64) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let fits = (1..=3).contains(&whole.len()) && fraction.len() <= DECIMALS;
    let dangling = digits.ends_with('.');
    if !fits || dangling || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let units = whole.parse::<i64>().ok()? * UNITS
        + format!("{fraction:0<DECIMALS$}").parse::<i64>().ok()?;
    (units <= most * UNITS).then_some(if negative { -units } else { units })
}

fn shown(units: i64) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let (whole, fraction) = (units.abs() / UNITS, units.abs() % UNITS);
    let text = format!("{sign}{whole}.{fraction:0DECIMALS$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let rest = text.strip_prefix('+').unwrap_or(text);
    digits >= 3 && rest.bytes().all(|byte| byte.is_ascii_digit() || b" -./()".contains(&byte))
}

/// Whether a text is an address of the web that names its host: what a page may make a link of.
fn is_link(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let Some(rest) = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"))
    else {
        return false;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, port) = rest[..end].split_once(':').unwrap_or((&rest[..end], "0"));
    let in_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let named = host.chars().any(char::is_alphanumeric) && host.chars().all(in_host);
    // Who reads a link with a name before the host may take the name for the host.
    let clean = |c: char| !c.is_whitespace() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`');
    named && port.parse::<u16>().is_ok() && rest.chars().all(clean)
}

fn invalid<T>(sentence: &str) -> Result<T, Error> {
    Err(Error::refused(ErrorCode::Invalid, sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_kept_exactly_and_in_one_form() {
        for (given, kept) in [
            ("45.4642,9.19", "45.4642,9.19"),
            (" 45.4642000 , -9.1900000 ", "45.4642,-9.19"),
            ("-90,180", "-90,180"),
            ("0,-0.0", "0,0"),
            ("-0.0000001,179.9999999", "-0.0000001,179.9999999"),
            ("007.5,010", "7.5,10"),
        ] {
            assert_eq!(coordinates(&Text::cut(given)).expect(given).as_str(), kept);
        }
        for wrong in [
            "",
            ",",
            "45",
            "45,",
            "45,9,1",
            "90.0000001,0",
            "-91,0",
            "0,180.0000001",
            "0,200",
            "x,y",
            "1e1,0",
            "+1,0",
            "--1,0",
            "1.,0",
            ".5,0",
            "1.12345678,0",
            "NaN,0",
            "inf,0",
            "1;2",
            "٤٥,٩",
        ] {
            assert!(coordinates(&Text::cut(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_links_of_the_web_are_links() {
        for good in ["https://a.example", "HTTP://a.example:8080/x?y#z", "https://caffè.it/menù"]
        {
            assert!(is_link(good), "{good}");
        }
        for wrong in [
            "a.example",
            "javascript:alert(1)",
            "ftp://a.example",
            "https://",
            "https:///x",
            "https://a@b.example",
            "https://a b.example",
            "data:text/html,x",
            "https://a.example/\"x",
            "https://a.example:99999",
            "https://-",
            "//a.example",
            "https://a.example\\@b",
        ] {
            assert!(!is_link(wrong), "{wrong}");
        }
    }

    #[test]
    fn telephone_numbers_have_digits() {
        assert!(is_phone("+39 02 1234-567") && is_phone("(02) 12.34/5") && is_phone("112"));
        for wrong in ["", "12", "+", "call me", "0039+2", "123;456"] {
            assert!(!is_phone(wrong), "{wrong}");
        }
    }
}
