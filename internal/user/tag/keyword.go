package tag

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the dictionary
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-ego/gse"
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

var usualSources = []Source{{MessageReceived, "text"}, {SurveyAnswered, "text"}}

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
	mu    sync.Mutex
	seg   *gse.Segmenter
	added map[string]bool
}

// certain is how frequent words are taken to be that somebody asked for: "不过敏" is 不 and 过敏, not 不过 and 敏.
const certain = 1e7

func (c *cutter) load() error {
	if c.seg != nil {
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(dictionary))
	if err != nil {
		return fmt.Errorf("dictionary: %w", err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return fmt.Errorf("dictionary: %w", err)
	}
	seg := &gse.Segmenter{SkipLog: true}
	if err := seg.LoadDictStr(string(text)); err != nil {
		return fmt.Errorf("dictionary: %w", err)
	}
	c.seg, c.added = seg, map[string]bool{}
	return nil
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
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.load(); err != nil {
		return "", err
	}
	low := strings.ToLower(text)
	present := false
	fresh := false
	for _, w := range words {
		w = strings.ToLower(w)
		present = present || strings.Contains(low, w)
		if !c.added[w] {
			_ = c.seg.RemoveToken(w) // it may be in the dictionary with its own frequency, or not
			if err := c.seg.AddToken(w, certain); err != nil {
				return "", fmt.Errorf("word %q: %w", w, err)
			}
			c.added[w], fresh = true, true
		}
	}
	if fresh {
		c.seg.CalcToken()
	}
	if !present {
		return "", nil
	}
	for _, sentence := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(sentenceEnds, r) }) {
		for _, clause := range clauses(strings.ToLower(sentence)) {
			if c.says(clause, words) {
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

func (c *cutter) says(clause string, words []string) bool {
	var tokens []string
	for _, part := range strings.Fields(clause) {
		if part[0] < utf8.RuneSelf && !strings.ContainsFunc(part, func(r rune) bool { return r >= utf8.RuneSelf }) {
			tokens = append(tokens, part)
		} else {
			tokens = append(tokens, c.seg.Cut(part)...)
		}
	}
	for i, token := range tokens {
		if !slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, strings.Trim(token, ".'")) }) {
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
