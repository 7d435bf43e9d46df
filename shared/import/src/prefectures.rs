//! The prefectures by their codes.

/// In the order of their codes, 01 to 47 (JIS X 0401, which ISO 3166-2:JP takes over).
const PREFECTURES: [&str; 47] = [
    "北海道",
    "青森県",
    "岩手県",
    "宮城県",
    "秋田県",
    "山形県",
    "福島県",
    "茨城県",
    "栃木県",
    "群馬県",
    "埼玉県",
    "千葉県",
    "東京都",
    "神奈川県",
    "新潟県",
    "富山県",
    "石川県",
    "福井県",
    "山梨県",
    "長野県",
    "岐阜県",
    "静岡県",
    "愛知県",
    "三重県",
    "滋賀県",
    "京都府",
    "大阪府",
    "兵庫県",
    "奈良県",
    "和歌山県",
    "鳥取県",
    "島根県",
    "岡山県",
    "広島県",
    "山口県",
    "徳島県",
    "香川県",
    "愛媛県",
    "高知県",
    "福岡県",
    "佐賀県",
    "長崎県",
    "熊本県",
    "大分県",
    "宮崎県",
    "鹿児島県",
    "沖縄県",
];

/// The prefecture as it is written in Japanese: of a code such as `JP-13`; any other text stands as it is.
pub(crate) fn prefecture(text: &str) -> &str {
    let code = text.strip_prefix("JP-").and_then(|code| code.parse::<usize>().ok());
    code.and_then(|code| PREFECTURES.get(code.checked_sub(1)?)).copied().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        for (text, expected) in [
            ("JP-01", "北海道"),
            ("JP-13", "東京都"),
            ("JP-27", "大阪府"),
            ("JP-47", "沖縄県"),
            ("JP-48", "JP-48"),
            ("JP-00", "JP-00"),
            ("東京都", "東京都"),
            ("CA", "CA"),
        ] {
            assert_eq!(prefecture(text), expected);
        }
    }
}
