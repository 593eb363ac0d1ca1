package tag

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed" // the dictionary
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"huoshui/internal/platform/event"
)

// Keywords is what people say who carry a keyword tag.
type Keywords struct {
	Words   []string `json:"words" minItems:"1" maxItems:"200" doc:"Any of them; synonyms"`
	Sources []Source `json:"sources,omitempty" maxItems:"20" doc:"Where people say it; left out: messages and surveys"`
}

// Source is a kind of fact whose Props hold a text under a name.
type Source struct {
	Fact string `json:"fact" minLength:"1" maxLength:"128"`
	Prop string `json:"prop" minLength:"1" maxLength:"128"`
}

var usualSources = []Source{
	{event.MessageReceived, "text"}, {event.SurveyAnswered, "text"}, {event.ReviewPosted, "text"}, {event.ReviewFollowed, "text"}, {event.AfterSaleRequested, "text"},
}

func (k *Keywords) check() error {
	for i, w := range k.Words {
		k.Words[i] = strings.TrimSpace(w)
	}
	k.Words = slices.DeleteFunc(k.Words, func(w string) bool { return w == "" })
	slices.Sort(k.Words)
	k.Words = slices.Compact(k.Words)
	if len(k.Words) == 0 || len(k.Words) > 200 {
		return invalid("keywords", "between 1 and 200 words are needed")
	}
	for _, w := range k.Words {
		if utf8.RuneCountInString(w) > 20 {
			return invalid("keywords", "a word has at most 20 characters")
		}
	}
	for _, s := range k.Sources {
		if s.Fact == "" || s.Prop == "" {
			return invalid("keywords", "a source is a fact and the name of its text")
		}
	}
	return nil
}

// sources are where the texts are.
func (k *Keywords) sources() []Source {
	if len(k.Sources) == 0 {
		return usualSources
	}
	return k.Sources
}

// textOf is what a fact of a name says, "" when nothing.
func (k *Keywords) textOf(name string, props []byte) string {
	for _, s := range k.sources() {
		if s.Fact != name {
			continue
		}
		var all map[string]any
		if json.Unmarshal(props, &all) != nil {
			return ""
		}
		if text, ok := all[s.Prop].(string); ok {
			return text
		}
	}
	return ""
}

// words of Chinese with how frequent they are, from the dictionary of gse (Apache-2.0): those of one to four characters that occur.
//
//go:embed words.txt.gz
var dictionary []byte

// cutter cuts texts into words and finds some in them. Its dictionary is read when first needed. Safe for concurrent use.
type cutter struct {
	once sync.Once
	cost map[string]float64 // of a word of the dictionary: −ln of how frequent it is
	err  error
}

// unknown is what a character costs that is no word of the dictionary; certain is what a word costs that somebody asked for: as little
// as the most frequent ones, so that "不过敏" is 不 and 过敏, not 不过 and 敏, but "打断奶奶" stays 打断 and 奶奶.
const (
	unknown  = 20.0
	certain  = 5.0
	longest  = 4 // characters of a word of the dictionary
	corpus   = 6e7
	wordSize = 1 << 18
)

func (c *cutter) load() error {
	c.once.Do(func() {
		z, err := gzip.NewReader(bytes.NewReader(dictionary))
		if err != nil {
			c.err = fmt.Errorf("dictionary: %w", err)
			return
		}
		c.cost = make(map[string]float64, wordSize)
		for lines := bufio.NewScanner(z); ; {
			if !lines.Scan() {
				c.err = lines.Err()
				return
			}
			word, count, _ := strings.Cut(lines.Text(), " ")
			n, err := strconv.Atoi(count)
			if err != nil {
				c.err = fmt.Errorf("dictionary: word %s: %w", word, err)
				return
			}
			c.cost[word] = math.Log(corpus / float64(n))
		}
	})
	return c.err
}

// cut cuts a text into the words that are most likely by their frequencies alone (the cheapest path through all words that the text
// could be made of); asked are words that are looked for.
func (c *cutter) cut(text string, asked map[string]bool, most int) []string {
	runes := []rune(text)
	best := make([]float64, len(runes)+1)
	from := make([]int, len(runes)+1)
	for end := 1; end <= len(runes); end++ {
		best[end], from[end] = best[end-1]+unknown, end-1
		for begin := max(0, end-max(longest, most)); begin < end; begin++ {
			word := string(runes[begin:end])
			cost, known := c.cost[word]
			if asked[word] {
				cost, known = certain, true
			}
			if known && best[begin]+cost < best[end] {
				best[end], from[end] = best[begin]+cost, begin
			}
		}
	}
	var words []string
	for end := len(runes); end > 0; end = from[end] {
		words = append(words, string(runes[from[end]:end]))
	}
	slices.Reverse(words)
	return words
}

// negations turn round what follows them closely.
var negations = []string{
	"不", "没", "没有", "无", "未", "别", "非", "不是", "不会", "不再", "不用", "不曾", "从不", "从没", "从未", "并不", "并非", "并没有", "绝不", "不怎么", "毫无",
	"not", "no", "never", "without", "don't", "doesn't", "isn't", "didn't",
}

// reach is how many words a negation reaches over.
const reach = 3

const (
	sentenceEnds = "。！？!?\n\r；;…"
	clauseEnds   = "，,、：:（）()「」“”\" \t"
	shownRunes   = 60
)

// find returns the first sentence of a text that says one of the words without denying it, at most 60 characters of it; "" for none.
func (c *cutter) find(text string, words []string) (string, error) {
	low := strings.ToLower(text)
	asked, most := map[string]bool{}, 0
	for _, w := range words {
		if w = strings.ToLower(w); strings.Contains(low, w) {
			asked[w] = true
			most = max(most, utf8.RuneCountInString(w))
		}
	}
	if len(asked) == 0 {
		return "", nil
	}
	if err := c.load(); err != nil {
		return "", err
	}
	for _, sentence := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(sentenceEnds, r) }) {
		for _, clause := range clauses(strings.ToLower(sentence)) {
			if c.says(clause, asked, most) {
				return shorten(strings.TrimSpace(sentence)), nil
			}
		}
	}
	return "", nil
}

// clauses are the parts of a sentence that a negation stays within; words of letters keep together.
func clauses(sentence string) []string {
	return strings.FieldsFunc(sentence, func(r rune) bool { return r != ' ' && strings.ContainsRune(clauseEnds, r) })
}

func (c *cutter) says(clause string, asked map[string]bool, most int) bool {
	var tokens []string
	for _, part := range strings.Fields(clause) {
		if part = strings.Trim(part, ".'"); strings.IndexFunc(part, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
			tokens = append(tokens, part) // a word of letters
		} else {
			tokens = append(tokens, c.cut(part, asked, most)...)
		}
	}
	for i, token := range tokens {
		if !asked[token] {
			continue
		}
		denied := false
		for _, before := range tokens[max(0, i-reach):i] {
			if slices.Contains(negations, before) {
				denied = !denied
			}
		}
		if !denied {
			return true
		}
	}
	return false
}

func shorten(s string) string {
	if runes := []rune(s); len(runes) > shownRunes {
		return string(runes[:shownRunes-1]) + "…"
	}
	return s
}
