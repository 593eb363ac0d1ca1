package named_test

import (
	"testing"

	"huoshui/internal/platform/named"
)

func TestWhoIsNamed(t *testing.T) {
	p := named.Of([]string{"13800001717", "Wang@Example.com", "wx0123456789abcdef:oAbc_def-123456", "17", "", "kitty"})
	for text, want := range map[string]bool{
		`{"userId":"17","event":"x"}`:                         true,
		`{"user_id":17}`:                                      true,
		`{"$identity_login_id":"17"}`:                         true,
		`{"quantity":17,"price":"17"}`:                        false, // a number that means nothing
		`{"a":[{"b":"+86 138-0000-1717"}]}`:                   true,
		`{"a":13800001717}`:                                   true,
		`{"a":138000017170}`:                                  false,
		`{"url":"https://x.cn/?p=13800001717&q=1"}`:           true,
		`{"url":"https://x.cn/?p=213800001717&q=1"}`:          false,
		`{"traits":{"WANG@example.com":1}}`:                   true,
		`{"mail":"to wang@example.com."}`:                     true,
		`{"mail":"huwang@example.com"}`:                       false,
		`{"openid":"oAbc_def-123456"}`:                        true,
		`{"who":["wx0123456789abcdef:oAbc_def-123456"]}`:      true,
		`{"name":"kitty"}`:                                    false,
		`{"anonymousId":"KITTY"}`:                             true,
		`{"event":"Order`:                                     false,
		`{"phone":"13800001717","event":"Or`:                  true, // cut off
		`phone=13800001717&x`:                                 true,
		``:                                                    false,
		`""`:                                                  false,
		`[[[[{"a":{"b":[null,true,{"c":"13800001717"}]}}]]]]`: true,
		`{"a":"\u0031\u0033\u0038\u0030\u0030\u0030\u0030\u0031717"}`: true,
	} {
		if p.InJSON(text) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
	if !p.Is("\t+8613800001717") || p.Is("17") || p.Is("") || named.Of(nil).InJSON(`{"userId":""}`) {
		t.Error("cells")
	}
}
