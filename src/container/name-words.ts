/** Words for random names: a mood and a person whose work computing stands on. */
export const adjectives: readonly string[] =
  "able agile amber apt ardent awake bold brave breezy bright brisk calm candid cheerful civil clever cosmic crisp curious daring deft eager earnest easy elegant fair fancy festive fine fond frank fresh friendly gentle gifted glad golden graceful grand happy hardy honest hopeful humble jolly jovial keen kind lively loyal lucid lucky mellow merry mild modest neat nimble noble patient placid plucky polite proud quick quiet radiant rapid ready serene sharp silent sleek smart snug sober spry stable steady stoic sturdy subtle sunny swift tidy tranquil trusty upbeat vivid warm wise witty zealous".split(
    " ",
  );

export const surnames: readonly string[] =
  "abelson adleman allen babbage backus bachman bartik bell berners blum boole borg brooks cerf chomsky church cocke codd cook corbato dahl dean diffie dijkstra easley edwards engelbart feinler floyd gamma goldberg goldwasser gosling gray hamilton hamming hartmanis hejlsberg hellman hoare holberton hopper huffman ingalls iverson jacobson johnson kahan kahn karp kay keller kernighan kilby kleene kleinrock knuth lamport lampson landin leibniz lempel liskov lovelace matsumoto mccarthy meyer micali mills milner minsky moore naur newell noether nygaard ousterhout papert pascal perlis perlman pike postel rabin ritchie rivest rossum sammet scott shamir shannon simon spence stallman stearns steele stroustrup sussman sutherland tarjan thacker thompson torvalds turing ullman valiant wilkes wilkinson wirth yao zuse".split(
    " ",
  );
