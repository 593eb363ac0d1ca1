package files

import (
	"testing"
	"time"
)

func shanghai(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestNumber(t *testing.T) {
	for in, want := range map[string]string{
		"6": "6", "2.55": "2.55", "¥1,234.50": "1234.50", "\uFFE51,234": "1234", "1234.5元": "1234.5", " -3 ": "-3",
		"(12.50)": "-12.50", "\uFF11\uFF12\uFF0E\uFF15": "12.5", ".5": "0.5", "5.": "5", "-0": "0", "\u22124": "-4",
		`="88"`: "88", "1,234,567.8": "1234567.8", "+7": "7", "CNY 9.9": "9.9",
		"": "!", "abc": "!", "1,23": "!", "1.2.3": "!", "--1": "!", "12%": "!", "1e3": "!sci", "1.5E-3": "!sci", "1,2345": "!", "()": "!", ".": "!",
	} {
		got, err := Number(in)
		switch {
		case want == "!sci" && err != ErrScientific, want == "!" && err != ErrNotNumber, want[0] != '!' && (err != nil || got != want):
			t.Errorf("Number(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestID(t *testing.T) {
	for in, want := range map[string]string{
		"17850.0": "17850", "17850": "17850", "'00123": "00123", `="3391847562910238745"`: "3391847562910238745", "\t2209 ": "2209",
		"1.23457E+17": "!", "1E+17": "!", "85123A": "85123A", "C536379": "C536379", "1.5": "1.5", "10e2": "10e2", "\uFF11\uFF12": "12", "": "",
	} {
		got, err := ID(in)
		if want == "!" && err != ErrScientific || want != "!" && (err != nil || got != want) {
			t.Errorf("ID(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestTime(t *testing.T) {
	zone := shanghai(t)
	at := func(y, m, d, h, min, s int) time.Time {
		return time.Date(y, time.Month(m), d, h, min, s, 0, zone).UTC()
	}
	for in, want := range map[string]time.Time{
		"2025-03-01 08:05:00":          at(2025, 3, 1, 8, 5, 0),
		"2025/3/1 8:05":                at(2025, 3, 1, 8, 5, 0),
		"2025.3.1":                     at(2025, 3, 1, 0, 0, 0),
		"2025年3月1日":                    at(2025, 3, 1, 0, 0, 0),
		"2025年3月1日 下午8时5分":             at(2025, 3, 1, 20, 5, 0),
		"2025年3月1日 08:05:09":           at(2025, 3, 1, 8, 5, 9),
		"20250301":                     at(2025, 3, 1, 0, 0, 0),
		"20250301080509":               at(2025, 3, 1, 8, 5, 9),
		"2025-03-01T08:05:00+09:00":    time.Date(2025, 2, 28, 23, 5, 0, 0, time.UTC),
		"2025-03-01T08:05:00.123Z":     time.Date(2025, 3, 1, 8, 5, 0, 0, time.UTC),
		"45717":                        at(2025, 3, 1, 0, 0, 0),
		"45717.336805555555":           at(2025, 3, 1, 8, 5, 0),
		"59":                           at(1900, 2, 28, 0, 0, 0),
		"61":                           at(1900, 3, 1, 0, 0, 0),
		"1740787500":                   time.Unix(1740787500, 0).UTC(),
		"1740787500000":                time.Unix(1740787500, 0).UTC(),
		"13/3/2025 8:05":               at(2025, 3, 13, 8, 5, 0),
		"3/13/2025":                    at(2025, 3, 13, 0, 0, 0),
		"\uFF12\uFF10\uFF12\uFF15-1-2": at(2025, 1, 2, 0, 0, 0),
		"3/1/2025":                     {}, "": {}, "2025-13-01": {}, "2025-02-29": {}, "hello": {}, "2025-03": {}, "25/3/1": {}, "-5": {}, "2025-01-01 25:00": {},
	} {
		got, err := Time(in, zone)
		if want.IsZero() != (err != nil) || !got.Equal(want) {
			t.Errorf("Time(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	if _, err := Time("3/1/2025", zone); err != ErrAmbiguousDate {
		t.Errorf("3/1/2025: %v", err)
	}
}

func TestPhoneAndEmail(t *testing.T) {
	for in, want := range map[string]string{
		"13812345678": "13812345678", "+86 138-1234-5678": "13812345678", "8613812345678": "13812345678", "13812345678.0": "13812345678",
		"138****5678": "", "": "", "+44 20 7946 0958": "+442079460958", "12345": "!", "1.38E+10": "!", "abc": "!",
	} {
		got, err := Phone(in)
		if (want == "!") != (err != nil) || want != "!" && got != want {
			t.Errorf("Phone(%q) = %q, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{
		"A.B@Example.com ": "a.b@example.com", "a**@qq.com": "", "a@b": "!", "a b@c.de": "!", "@x.cn": "!", "a@b@c.de": "!",
	} {
		got, err := Email(in)
		if (want == "!") != (err != nil) || want != "!" && got != want {
			t.Errorf("Email(%q) = %q, %v", in, got, err)
		}
	}
}

func FuzzCells(f *testing.F) {
	for _, s := range []string{"¥1,234.50", "2025年3月1日 下午8时5分", "45717.33", "1.2E+17", `="1"`, "+86 138", "a@b.cn", "2025-03-01T08:05:00+09:00"} {
		f.Add(s)
	}
	zone := shanghai(f)
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := Number(s); err == nil {
			if again, err := Number(n); err != nil || again != n {
				t.Errorf("Number(%q) = %q is not stable: %q, %v", s, n, again, err)
			}
		}
		if at, err := Time(s, zone); err == nil && (at.Year() < 1899 || at.Year() > 2286) {
			t.Errorf("Time(%q) = %v", s, at)
		}
		if p, err := Phone(s); err == nil && p != "" {
			if again, err := Phone(p); err != nil || again != p {
				t.Errorf("Phone(%q) = %q is not stable: %q, %v", s, p, again, err)
			}
		}
		if e, err := Email(s); err == nil && e != "" {
			if again, err := Email(e); err != nil || again != e {
				t.Errorf("Email(%q) = %q is not stable: %q, %v", s, e, again, err)
			}
		}
		_, _ = ID(s) // must only return
		_ = Text(s)
	})
}
