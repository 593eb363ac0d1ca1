package content

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"huoshui/internal/platform/errs"
)

func render(t *testing.T, b Body, v Values, e Envelope) Rendered {
	t.Helper()
	c, err := Compile(b)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Render(v, e)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestErrorsTellWhereAndWhat(t *testing.T) {
	for _, c := range []struct {
		text, code   string
		line, column int
	}{
		{"你好 {{nane|朋友}}", "content.variable_unknown", 1, 4},
		{"一\n二 {{name}}", "content.fallback_missing", 2, 3},
		{"{{name|朋友", "content.brace_unclosed", 1, 1},
		{"{{name|朋\n友}}", "content.brace_unclosed", 1, 1},
		{"a }} b", "content.brace_unopened", 1, 3},
		{"{{ }}", "content.variable_empty", 1, 1},
		{"{{ {{name|x}} }}", "content.brace_unclosed", 1, 1},
		{"x\uE000", "content.character", 1, 2},
		{"[看看](javascript:alert(1))", "content.address", 0, 0},
		{"![图](data:image/png;base64,xx)", "content.picture", 0, 0},
	} {
		_, err := Compile(Body{Language: "zh", Text: c.text})
		var e *errs.Error
		if !errors.As(err, &e) || e.Kind != errs.Invalid || e.Code != c.code || e.Field != "text" {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if c.line > 0 && (e.Params["line"] != c.line || e.Params["column"] != c.column) {
			t.Errorf("%q: at %v:%v, want %d:%d", c.text, e.Params["line"], e.Params["column"], c.line, c.column)
		}
		if c.code == "content.variable_unknown" && e.Params["known"] != "name" {
			t.Errorf("nane is nearest to %v", e.Params["known"])
		}
	}
}

func TestForms(t *testing.T) {
	text := "# {{name|朋友}},好久不见\n\n上次您买的**{{last_product|好物}}**该补了。\n第二行\n\n- 满减\n- 包邮\n\n[去看看]({{link}})\n\n也可以[写信给我们](mailto:care@brand.example)。\\{{name\\}}"
	values := Values{"name": "小满", "link": "https://shop.example/?a=1&b=2"}
	mail := render(t, Body{Channel: "email", Language: "zh", Subject: "{{name|您}},回来看看", Text: text}, values, Envelope{
		Link: func(to string) string { return "https://t.example/c?u=" + to }, Pixel: "https://t.example/o.png", Unsubscribe: "https://t.example/u", Brand: "本店",
	})
	want := "小满,好久不见\n\n上次您买的好物该补了。\n第二行\n\n• 满减\n• 包邮\n\n去看看: https://t.example/c?u=https://shop.example/?a=1&b=2\n\n也可以写信给我们: https://t.example/c?u=mailto:care@brand.example。{{name}}\n\n--\n本店\n不想再收到,点此退订: https://t.example/u\n"
	if diff := cmp.Diff(want, mail.Text); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{
		`<h1 style="` + styleH + `">小满,好久不见</h1>`, `<strong>好物</strong>`, "第二行", `<li style=`,
		`<a href="https://t.example/c?u=https://shop.example/?a=1&amp;b=2" style="` + styleButton + `">去看看</a>`,
		`href="https://t.example/u"`, `src="https://t.example/o.png"`, "<title>小满,回来看看</title>",
	} {
		if !strings.Contains(mail.HTML, part) {
			t.Errorf("the mail lacks %s\n%s", part, mail.HTML)
		}
	}
	phone := render(t, Body{Channel: "phone", Language: "zh", Subject: "补货提醒", Text: text}, values, Envelope{})
	if strings.Contains(phone.Text, "http") || phone.HTML != "" || phone.Action != "去看看" || phone.URL != "https://shop.example/?a=1&b=2" {
		t.Errorf("%+v", phone)
	}
}

func TestMissingValueNamesTheVariable(t *testing.T) {
	c, err := Compile(Body{Language: "zh", Text: "{{brand}}"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Render(Values{}, Envelope{})
	var e *errs.Error
	if !errors.As(err, &e) || e.Code != "content.value_missing" || e.Params["variable"] != "brand" {
		t.Errorf("%v", err)
	}
	// An address that a value makes dangerous is refused too.
	c, err = Compile(Body{Language: "zh", Text: "[去看看]({{link}})"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Render(Values{"link": "javascript:alert(1)"}, Envelope{}); !errs.Is(err, errs.Invalid) {
		t.Errorf("%v", err)
	}
}

// Whatever a customer is called, the mail's structure is the one that a harmless name gives.
func TestValuesNeverBecomeMarkup(t *testing.T) {
	c, err := Compile(Body{Channel: "email", Language: "zh", Subject: "{{name|您}}好", Text: "# {{name|您}}\n\n**{{name|您}}** 与 {{city|这里}}\n\n[{{name|您}}的清单]({{link}})"})
	if err != nil {
		t.Fatal(err)
	}
	tags := func(s string) string {
		var b strings.Builder
		for {
			i := strings.IndexByte(s, '<')
			if i < 0 {
				return b.String()
			}
			j := strings.IndexByte(s[i:], '>')
			b.WriteString(s[i : i+j+1])
			s = s[i+j+1:]
		}
	}
	plain, err := c.Render(Values{"name": "x", "link": "https://a.example"}, Envelope{})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.RuneFrom([]rune("<>\"'&[]()*#-{}|\n\r\\\uE000\uE001\uE002\uE003")))).Draw(t, "name")
		r, err := c.Render(Values{"name": name, "city": name, "link": "https://a.example"}, Envelope{})
		if err != nil {
			t.Fatal(err)
		}
		if tags(r.HTML) != tags(plain.HTML) {
			t.Fatalf("%q changed the mail", name)
		}
		if strings.ContainsAny(r.Subject, "\r\n") {
			t.Fatalf("%q breaks the subject", name)
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{"{{name|朋友}}", "# a\n- b\n\n[x](https://a.example/{{coupon|x}})", "**a** ![b](https://c.example)", "{{", "}}", `\{{`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, channel := range []string{"email", "phone"} {
			c, err := Compile(Body{Channel: channel, Language: "zh", Subject: "s", Text: s})
			if err != nil {
				if !errs.Is(err, errs.Invalid) {
					t.Fatalf("%v", err)
				}
				continue
			}
			if _, err := c.Render(Values{"brand": "b", "link": "https://a.example"}, Envelope{}); err != nil && !errs.Is(err, errs.Invalid) {
				t.Fatalf("%v", err)
			}
		}
	})
}

func TestForChoosesLanguageThenChannel(t *testing.T) {
	d := Draft{Bodies: []Body{
		{Channel: "", Language: "zh", Text: "any zh"}, {Channel: "email", Language: "zh", Subject: "s", Text: "mail zh"}, {Channel: "", Language: "en", Text: "any en"},
	}}
	for _, c := range []struct{ channel, language, want string }{
		{"email", "zh", "mail zh"}, {"email", "en", "any en"}, {"phone", "zh", "any zh"}, {"task", "en", "any en"},
	} {
		got, err := d.For(c.channel, c.language)
		if err != nil || got.Body.Text != c.want {
			t.Errorf("%s %s: %v %v", c.channel, c.language, got, err)
		}
	}
	if _, err := (Draft{Bodies: []Body{{Channel: "email", Language: "zh", Text: "x"}}}).For("phone", "zh"); !errs.Is(err, errs.Invalid) {
		t.Errorf("%v", err)
	}
}

func BenchmarkRender(b *testing.B) {
	c, err := Compile(Body{Channel: "email", Language: "zh", Subject: "{{name|您}},该补货了", Text: "# {{name|朋友}}\n\n上次的**{{last_product|好物}}**快用完了。\n\n[去看看]({{link}})"})
	if err != nil {
		b.Fatal(err)
	}
	v := Values{"name": "小满", "last_product": "猫粮 2kg", "link": "https://shop.example/"}
	for b.Loop() {
		if _, err := c.Render(v, Envelope{Brand: "本店", Unsubscribe: "https://t.example/u"}); err != nil {
			b.Fatal(err)
		}
	}
}
