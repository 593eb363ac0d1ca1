package tag

import "testing"

func TestFindKnowsWhatIsDenied(t *testing.T) {
	var c cutter
	for _, one := range []struct {
		text, want string
		words      []string
	}{
		{"宝宝对牛奶过敏怎么办？谢谢", "宝宝对牛奶过敏怎么办", []string{"过敏"}},
		{"我家宝宝不过敏", "", []string{"过敏"}},
		{"没有出现过敏", "", []string{"过敏"}},
		{"不是不过敏，是很轻", "不是不过敏，是很轻", []string{"过敏"}},
		{"没有湿疹，但是过敏", "没有湿疹，但是过敏", []string{"过敏"}},
		{"他打断奶奶说话", "", []string{"断奶"}},
		{"准备断奶了", "准备断奶了", []string{"断奶", "戒奶"}},
		{"打算戒奶", "打算戒奶", []string{"断奶", "戒奶"}},
		{"My cat is NOT allergic.", "", []string{"allergic"}},
		{"she is Allergic to milk", "she is Allergic to milk", []string{"allergic"}},
		{"今天天气真好", "", []string{"过敏"}},
	} {
		got, err := c.find(one.text, one.words)
		if err != nil || got != one.want {
			t.Errorf("%s: %q, want %q (%v)", one.text, got, one.want, err)
		}
	}
}
