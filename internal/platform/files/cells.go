package files

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Reasons why a cell cannot be read; importing turns them into codes a person sees.
var (
	ErrNotNumber     = errors.New("not a number")
	ErrNotDate       = errors.New("not a date")
	ErrAmbiguousDate = errors.New("day and month cannot be told apart")
	ErrScientific    = errors.New("scientific notation has lost digits")
	ErrNotPhone      = errors.New("not a phone number")
	ErrNotEmail      = errors.New("not an e-mail address")
)

// Text trims a cell: spaces of every width, byte order marks, tabs, and the ="…" and ' that keep Excel from
// reading an id as a number.
func Text(s string) string {
	if len(s) > 0 && plain(s) {
		return s
	}
	s = strings.TrimFunc(s, isPad)
	if strings.HasPrefix(s, `="`) && strings.HasSuffix(s, `"`) && len(s) >= 3 {
		s = strings.TrimFunc(s[2:len(s)-1], isPad)
	}
	if strings.HasPrefix(s, "'") && len(s) > 1 {
		s = strings.TrimFunc(s[1:], isPad)
	}
	return s
}

// plain reports whether a cell has nothing at its ends that Text could take away.
func plain(s string) bool {
	first, last := s[0], s[len(s)-1]
	return first > ' ' && first < 0x7f && last > ' ' && last < 0x7f && first != '=' && first != '\''
}

func isPad(r rune) bool {
	return unicode.IsSpace(r) || r == '\uFEFF' || r == '\u200B' || r == 0
}

// narrow turns full-width digits and punctuation into ASCII.
func narrow(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return strings.Map(func(r rune) rune {
				switch {
				case r >= '\uFF01' && r <= '\uFF5E':
					return r - 0xFEE0
				case r == '\u3000' || r == '\u00A0':
					return ' '
				case r == '\u2212' || r == '\u2013':
					return '-'
				}
				return r
			}, s)
		}
	}
	return s
}

var currencies = strings.NewReplacer("\u00A5", "", "\uFFE5", "", "$", "", "元", "", "RMB", "", "CNY", "", "rmb", "", "cny", "", " ", "")

// Number normalises an amount or count as exports write it (¥1,234.50 · 1,234元 · (12.5) · full-width digits) into
// a plain decimal, exactly: no floating point is involved.
func Number(s string) (string, error) {
	s = Text(s)
	if digitsOnly(s) && len(s) <= 30 {
		return s, nil
	}
	s = currencies.Replace(narrow(s))
	negative := false
	if strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") && len(s) > 2 {
		negative, s = true, s[1:len(s)-1]
	}
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+") {
		negative, s = negative != (s[0] == '-'), s[1:]
	}
	whole, frac, dotted := strings.Cut(s, ".")
	if strings.Contains(whole, ",") {
		groups := strings.Split(whole, ",")
		for i, g := range groups {
			if len(g) != 3 && (i > 0 || len(g) == 0 || len(g) > 3) {
				return "", ErrNotNumber
			}
		}
		whole = strings.Join(groups, "")
	}
	if scientific(whole, frac, dotted) {
		return "", ErrScientific
	}
	if len(s) > 30 || whole == "" && frac == "" || !digitsOnly("0"+whole) || !digitsOnly("0"+frac) {
		return "", ErrNotNumber
	}
	if whole == "" {
		whole = "0"
	}
	if dotted && frac != "" {
		whole += "." + frac
	}
	if negative && strings.Trim(whole, "0.") != "" {
		whole = "-" + whole
	}
	return whole, nil
}

func scientific(whole, frac string, dotted bool) bool {
	tail := whole
	if dotted {
		if !digitsOnly(whole) {
			return false
		}
		tail = frac
	}
	i := strings.IndexAny(tail, "eE")
	if i < 0 || i == 0 && !dotted {
		return false
	}
	exponent := strings.TrimLeft(tail[i+1:], "+-")
	return digitsOnly("0"+tail[:i]) && len(tail)-i-1-len(exponent) <= 1 && digitsOnly(exponent)
}

func digitsOnly(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// Int reads a whole number; 6.0 is 6.
func Int(s string) (int64, error) {
	n, err := Number(s)
	if err != nil {
		return 0, err
	}
	whole, frac, _ := strings.Cut(n, ".")
	if strings.Trim(frac, "0") != "" {
		return 0, ErrNotNumber
	}
	v, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || v > 1<<53 || v < -1<<53 {
		return 0, ErrNotNumber
	}
	return v, nil
}

// ID normalises an identifier: a number that a spreadsheet turned into 17850.0 is 17850 again, and one that became
// 1.23457E+17 is refused, because its digits are gone.
func ID(s string) (string, error) {
	s = narrow(Text(s))
	if i := strings.IndexByte(s, '.'); i > 0 && digitsOnly(s[:i]) {
		frac := s[i+1:]
		if strings.Trim(frac, "0") == "" {
			return s[:i], nil
		}
		if scientific(s[:i], frac, true) {
			return "", ErrScientific
		}
	}
	if i := strings.IndexAny(s, "eE"); i > 0 && digitsOnly(s[:i]) && strings.HasPrefix(s[i+1:], "+") && digitsOnly(s[i+2:]) {
		return "", ErrScientific
	}
	if len(s) > 128 {
		return "", fmt.Errorf("longer than 128 bytes")
	}
	return s, nil
}

// Phone normalises a telephone number: a mainland mobile to its 11 digits, any other to "+" and digits. A masked
// number (138****1234) is no number: "" without an error.
func Phone(s string) (string, error) {
	id, err := ID(s)
	if err != nil || id == "" || strings.Contains(id, "*") {
		return "", err
	}
	plus := strings.HasPrefix(id, "+") || strings.HasPrefix(id, "00")
	digits := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case strings.ContainsRune(" -()+.", r):
			return -1
		}
		return 'x'
	}, id)
	if !digitsOnly(digits) {
		return "", ErrNotPhone
	}
	digits = strings.TrimPrefix(digits, "00")
	if len(digits) == 13 && strings.HasPrefix(digits, "861") {
		digits, plus = digits[2:], false
	}
	if len(digits) == 11 && digits[0] == '1' && digits[1] >= '3' && !plus {
		return digits, nil
	}
	if plus && len(digits) >= 7 && len(digits) <= 15 && digits[0] != '0' {
		return "+" + digits, nil
	}
	return "", ErrNotPhone
}

// Email normalises an e-mail address to lower case. A masked address is no address: "" without an error.
func Email(s string) (string, error) {
	s = strings.ToLower(narrow(Text(s)))
	if s == "" || strings.Contains(s, "*") {
		return "", nil
	}
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || len(s) > 254 || !strings.Contains(s[at+1:], ".") || strings.HasSuffix(s, ".") || s[at+1] == '.' ||
		strings.ContainsFunc(s, func(r rune) bool {
			return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`,;<>()[]\"`, r)
		}) ||
		strings.Count(s, "@") != 1 {
		return "", ErrNotEmail
	}
	return s, nil
}

// Time reads a moment as exports write it, in the zone given where the text names none: 2025-03-01 08:05:00 ·
// 2025/3/1 8:05 · 2025年3月1日 下午8时5分 · 20250301 · 20250301080500 · RFC 3339 · Excel serials (1900 system) ·
// Unix seconds or milliseconds. Years run from 1900 to 2199.
func Time(s string, zone *time.Location) (time.Time, error) {
	s = Text(s)
	if t, ok := isoTime(s, zone); ok {
		return t, nil
	}
	s = narrow(s)
	if n, err := Number(s); err == nil && !strings.HasPrefix(n, "-") {
		return numericTime(n, zone)
	}
	return spokenTime(s, zone)
}

// isoTime is the fast path for YYYY-MM-DD hh:mm:ss.
func isoTime(s string, zone *time.Location) (time.Time, bool) {
	if len(s) != 19 || s[4] != '-' || s[7] != '-' || s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return time.Time{}, false
	}
	var v [6]int
	for i, at := range [6][2]int{{0, 4}, {5, 7}, {8, 10}, {11, 13}, {14, 16}, {17, 19}} {
		for _, c := range []byte(s[at[0]:at[1]]) {
			if c < '0' || c > '9' {
				return time.Time{}, false
			}
			v[i] = v[i]*10 + int(c-'0')
		}
	}
	t, err := assemble(v, 0, zone)
	return t, err == nil
}

func numericTime(n string, zone *time.Location) (time.Time, error) {
	whole, frac, _ := strings.Cut(n, ".")
	if frac == "" {
		switch len(whole) {
		case 8:
			return assemble([6]int{atoi(whole[:4]), atoi(whole[4:6]), atoi(whole[6:])}, 0, zone)
		case 12:
			return assemble([6]int{atoi(whole[:4]), atoi(whole[4:6]), atoi(whole[6:8]), atoi(whole[8:10]), atoi(whole[10:])}, 0, zone)
		case 14:
			return assemble([6]int{atoi(whole[:4]), atoi(whole[4:6]), atoi(whole[6:8]), atoi(whole[8:10]), atoi(whole[10:12]), atoi(whole[12:])}, 0, zone)
		case 10:
			return time.Unix(int64(atoi(whole)), 0).UTC(), nil
		case 13:
			return time.UnixMilli(int64(atoi(whole))).UTC(), nil
		}
	}
	serial, err := strconv.ParseFloat(n, 64)
	if err != nil || serial < 1 || serial >= 109575 { // 1900-01-01 … 2199-12-31
		return time.Time{}, ErrNotDate
	}
	days, part := math.Modf(serial)
	if days < 60 {
		days++ // the 1900 system believes in 1900-02-29
	}
	seconds := int(math.Round(part * 86400))
	d := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(days))
	return assemble([6]int{d.Year(), int(d.Month()), d.Day(), 0, 0, 0}, seconds, zone)
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

// assemble builds the moment, refusing what is not on the calendar; extra seconds are added to its wall clock.
func assemble(v [6]int, extra int, zone *time.Location) (time.Time, error) {
	if v[0] < 1900 || v[0] > 2199 || v[1] < 1 || v[1] > 12 || v[2] < 1 || v[3] < 0 || v[3] > 23 || v[4] < 0 || v[4] > 59 || v[5] < 0 || v[5] > 60 {
		return time.Time{}, ErrNotDate
	}
	if v[2] > 28 && v[2] > time.Date(v[0], time.Month(v[1])+1, 0, 0, 0, 0, 0, time.UTC).Day() {
		return time.Time{}, ErrNotDate
	}
	return time.Date(v[0], time.Month(v[1]), v[2], v[3], v[4], v[5]+extra, 0, zone).UTC(), nil
}

// spokenTime reads what remains: three to six numbers with anything sensible between them.
func spokenTime(s string, zone *time.Location) (time.Time, error) {
	afternoon := strings.Contains(s, "下午") || strings.Contains(s, "晚上") || strings.Contains(strings.ToUpper(s), "PM")
	morning := strings.Contains(s, "上午") || strings.Contains(s, "凌晨") || strings.Contains(strings.ToUpper(s), "AM")
	s, zone, err := cutZone(s, zone)
	if err != nil {
		return time.Time{}, err
	}
	var parts []string
	var seps []rune
	for i, r := range s {
		if r >= '0' && r <= '9' {
			if i == 0 || len(parts) == 0 || len(seps) == len(parts) {
				parts = append(parts, "")
				if len(parts) > 7 {
					return time.Time{}, ErrNotDate
				}
			}
			parts[len(parts)-1] += string(r)
			continue
		}
		if !strings.ContainsRune("-/.年月日号时点分秒:T, 上下午凌晨晚AaPpMm", r) {
			return time.Time{}, ErrNotDate
		}
		if len(parts) > 0 && len(seps) < len(parts) {
			seps = append(seps, r)
		}
	}
	if len(parts) == 7 { // a fraction of a second
		parts = parts[:6]
	}
	if len(parts) < 3 || len(parts) == 4 && seps[3:] == nil {
		return time.Time{}, ErrNotDate
	}
	var v [6]int
	for i, p := range parts {
		if len(p) > 4 {
			return time.Time{}, ErrNotDate
		}
		v[i] = atoi(p)
	}
	switch {
	case len(parts[0]) == 4:
	case len(parts[2]) == 4: // day or month first
		a, b := v[0], v[1]
		switch {
		case a > 12 && b <= 12:
			a, b = b, a
		case a <= 12 && b <= 12 && a != b:
			return time.Time{}, ErrAmbiguousDate
		}
		v[0], v[1], v[2] = v[2], a, b
	default:
		return time.Time{}, ErrNotDate
	}
	if afternoon && v[3] < 12 {
		v[3] += 12
	}
	if morning && v[3] == 12 {
		v[3] = 0
	}
	return assemble(v, 0, zone)
}

// cutZone takes a trailing Z or ±hh:mm off the text.
func cutZone(s string, zone *time.Location) (string, *time.Location, error) {
	if strings.HasSuffix(s, "Z") {
		return s[:len(s)-1], time.UTC, nil
	}
	i := strings.LastIndexAny(s, "+-")
	if i < 11 || strings.Count(s, ":") == 0 {
		return s, zone, nil
	}
	offset := strings.ReplaceAll(s[i+1:], ":", "")
	if !digitsOnly(offset) || len(offset) != 4 || atoi(offset[:2]) > 14 || atoi(offset[2:]) > 59 {
		return "", nil, ErrNotDate
	}
	seconds := atoi(offset[:2])*3600 + atoi(offset[2:])*60
	if s[i] == '-' {
		seconds = -seconds
	}
	return s[:i], time.FixedZone("", seconds), nil
}
