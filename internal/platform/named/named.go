// Package named finds somebody in texts that nobody has understood: events that were refused, lines of files that did not go. They know people only by what
// they are called there.
package named

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"huoshui/internal/platform/files"
)

// sure is how many bytes a name has that means somebody wherever it stands; a shorter one, like the account "17", does only where a member says that it
// is one.
const sure = 6

// members are what the protocols of collection call who somebody is, in lower case without "_" and "$".
var members = map[string]bool{
	"userid": true, "previousid": true, "anonymousid": true, "distinctid": true, "originalid": true, "loginid": true, "identityloginid": true,
	"identitymobile": true, "identityemail": true, "phone": true, "mobile": true, "email": true, "openid": true, "unionid": true,
	"externaluserid": true, "card": true, "cardno": true, "member": true, "memberid": true, "memberno": true, "customer": true, "customerid": true, "buyer": true, "buyerid": true,
}

// People are names by which some people are known.
type People map[string]bool

// Of returns the people who are known by keys: phone numbers, addresses, ids. Of an id within an app, app:id, the id alone counts too.
func Of(keys []string) People {
	p := People{}
	for _, k := range keys {
		p.add(k)
		if _, id, within := strings.Cut(k, ":"); within && len(id) >= sure {
			p.add(id)
		}
	}
	return p
}

func (p People) add(key string) {
	if key = plain(key); key != "" {
		p[key] = true
	}
}

// plain is a name as it is compared: telephone numbers in their one form, letters small.
func plain(text string) string {
	text = strings.ToLower(strings.TrimSpace(text))
	if len(text) >= 7 && len(text) <= 24 {
		if phone, err := files.Phone(text); err == nil && phone != "" {
			return phone
		}
	}
	return text
}

// Is says whether a text is one of the names and long enough to mean somebody.
func (p People) Is(text string) bool {
	name := plain(text)
	return len(name) >= sure && p[name]
}

// Has says whether a text that is known to be what somebody is called is one of the names, however short.
func (p People) Has(text string) bool { return p[plain(text)] }

// In says whether a text holds one of the names, as a word, that is long enough to mean somebody.
func (p People) In(text string) bool {
	part := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.+@", r)
	}
	for word := range strings.FieldsFuncSeq(text, part) {
		if p.Is(word) || p.Is(strings.Trim(word, "_-.+@")) {
			return true
		}
	}
	return p.Is(text)
}

// InJSON says whether what was meant to be JSON names one of the people: as a value, a word of one, or the name of a member; where it is no JSON, as a
// word.
func (p People) InJSON(text string) bool {
	if !gjson.Valid(text) {
		return p.In(text)
	}
	return p.within("", gjson.Parse(text))
}

func (p People) within(member string, v gjson.Result) (yes bool) {
	if v.IsObject() || v.IsArray() {
		object := v.IsObject()
		v.ForEach(func(name, value gjson.Result) bool {
			inner := member // of a list: what the list is
			if object {
				inner = name.Str
				yes = p.In(inner)
			}
			yes = yes || p.within(inner, value)
			return !yes
		})
		return yes
	}
	text := v.Str
	if v.Type == gjson.Number {
		text = v.Raw
	}
	if text == "" {
		return false
	}
	if members[strings.Map(func(r rune) rune {
		if r == '_' || r == '$' || r == '-' || r == utf8.RuneError {
			return -1
		}
		return unicode.ToLower(r)
	}, member)] && p.Has(text) {
		return true
	}
	return p.In(text)
}
