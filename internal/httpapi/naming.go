package httpapi

import (
	"path"
	"reflect"
	"strings"
)

// naming names the types in the document. Two packages may use one word, and two files of routes may each have a
// little type of their own of the same name: huma would panic at that.
type naming struct {
	operation string // the one that is being registered
	taken     map[string]reflect.Type
}

// name returns the name of a type: its package and itself, without stutter (customer.Customer → Customer, campaign.Result
// → CampaignResult). A type without a name is called after the operation that uses it, and so is one whose name is taken.
func (n *naming) name(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := typeName(t)
	if name == "" {
		name = n.camel() + capital(hint[max(0, strings.LastIndex(hint, "Body")):])
	}
	if n.taken == nil {
		n.taken = map[string]reflect.Type{}
	}
	if other, ok := n.taken[name]; ok && other != t {
		name = n.camel() + name
	}
	n.taken[name] = t
	return name
}

// camel is the operation's id as a type's name: set_policy → SetPolicy.
func (n *naming) camel() string {
	var out strings.Builder
	for word := range strings.SplitSeq(n.operation, "_") {
		out.WriteString(capital(word))
	}
	return out.String()
}

// typeName is the name of a named type, "" for others.
func typeName(t reflect.Type) string {
	name := t.Name()
	open := strings.IndexByte(name, '[')
	if name == "" {
		return ""
	}
	if open < 0 {
		return qualify(t.PkgPath(), name)
	}
	out := qualify(t.PkgPath(), name[:open]) // a generic type: its name, then its arguments'
	for arg := range strings.SplitSeq(strings.TrimSuffix(name[open+1:], "]"), ",") {
		arg = strings.ReplaceAll(strings.TrimLeft(arg, "*"), "[]", "")
		if dot := strings.LastIndexByte(arg, '.'); dot >= 0 {
			out += qualify(arg[:dot], arg[dot+1:])
		} else {
			out += capital(arg)
		}
	}
	for _, mark := range []string{"[", "]", "*", "\u00b7"} {
		out = strings.ReplaceAll(out, mark, "")
	}
	return out
}

func qualify(pkgPath, name string) string {
	pkg := capital(path.Base(pkgPath))
	name = capital(name)
	if pkgPath == "" || pkg == "Httpapi" || strings.HasPrefix(name, pkg) {
		return name
	}
	return pkg + name
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
